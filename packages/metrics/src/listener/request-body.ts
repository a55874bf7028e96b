import type { IncomingMessage } from "node:http";
import { failure, type Reply } from "./http-reply.js";

/** bytes. The largest request names a range and a reason. */
const MAX_BODY_BYTES = 2048;

/** A request's JSON object, or the answer that says why it is none. */
export async function readJsonObject(request: IncomingMessage): Promise<Record<string, unknown> | { refusal: Reply }> {
  const type = request.headers["content-type"] ?? "";
  if (!/^application\/json\b/i.test(type)) {
    return { refusal: failure(415, "unsupported-type", "expected content-type application/json") };
  }
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MAX_BODY_BYTES) {
      const message = `expected at most ${MAX_BODY_BYTES} bytes`;
      return { refusal: failure(413, "too-large", message, { connection: "close" }) };
    }
    parts.push(part);
  }
  const refusal = failure(400, "malformed", "expected a JSON object");
  try {
    const value: unknown = JSON.parse(Buffer.concat(parts).toString("utf8"));
    if (typeof value !== "object" || value === null || Array.isArray(value)) return { refusal };
    return value as Record<string, unknown>;
  } catch {
    return { refusal };
  }
}
