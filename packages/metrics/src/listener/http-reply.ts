import type { ServerResponse } from "node:http";

/** An answer, not yet sent. */
export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * For every answer. The page may load its own scripts, styles and figures, and nothing else from anywhere; nobody may
 * frame it, and no text that a peer wrote can become a script.
 */
const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cache-control": "no-store",
};

export function json(value: unknown, status: number = 200): Reply {
  return { status, type: "application/json; charset=utf-8", body: JSON.stringify(value) };
}

export function text(body: string, status: number = 200): Reply {
  return { status, type: "text/plain; charset=utf-8", body };
}

/** What went wrong, for people and, by its code, for programs. */
export function failure(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return { ...json({ error: { code, message } }, status), headers };
}

export function sendReply(response: ServerResponse, reply: Reply, withBody: boolean): void {
  const body = typeof reply.body === "string" ? new TextEncoder().encode(reply.body) : reply.body;
  response.writeHead(reply.status, {
    ...HEADERS,
    "content-type": reply.type,
    "content-length": body.length,
    ...reply.headers,
  });
  response.end(withBody ? body : undefined);
}
