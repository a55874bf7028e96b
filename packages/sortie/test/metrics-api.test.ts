import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, it } from "vitest";
import { MetricsApi, MetricsApiError } from "../src/cli/top/metrics-api.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const QUERY = { sort: "id", order: "asc", limit: 10, search: "" } as const;
const TIMEOUT_MS = 300;
/** ms. Longer than an answer, or its end, takes on a machine with other work. */
const PATIENCE_MS = 15_000;
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function apiOf(answer: RequestListener, timeoutMs = TIMEOUT_MS): Promise<MetricsApi> {
  const http = createServer(answer);
  servers.push(http);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return new MetricsApi(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, undefined, timeoutMs);
}

/** What a reading ends with; "never" where it goes on long after its deadline. */
async function outcome(reading: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const never = new Promise((resolve) => (timer = setTimeout(resolve, PATIENCE_MS, "never")));
  const ended = await Promise.race([reading.catch((error: unknown) => error), never]);
  clearTimeout(timer);
  return ended;
}

describe("the metrics listener's API", () => {
  it.each<[string, RequestListener]>([
    ["says nothing", () => {}],
    ["stops in the middle of an answer", (_request, response) => void response.write("{")],
  ])("is given up in time where it %s, whatever is collected meanwhile", async (_, answer) => {
    const api = await apiOf(answer);
    const reading = api.read(QUERY, new AbortController().signal);
    const collecting = setInterval(collectGarbage, TIMEOUT_MS / 6);
    const error = await outcome(reading);
    clearInterval(collecting);
    expect(error).toBeInstanceOf(MetricsApiError);
    expect((error as Error).message).toContain(`the whole answer did not come within ${TIMEOUT_MS} ms`);
  });

  it("is given up as soon as its caller says so", async () => {
    const caller = new AbortController();
    const api = await apiOf(() => setImmediate(() => caller.abort(new Error("enough"))), 2 * PATIENCE_MS);
    expect(((await outcome(api.read(QUERY, caller.signal))) as Error).message).toMatch(/: enough$/);
    expect(((await outcome(api.read(QUERY, caller.signal))) as Error).message).toMatch(/: enough$/);
  });
});
