import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { identityOf } from "@sortie/handshake";
import { createNodeProvider } from "@sortie/handshake/node";
import { Server } from "@sortie/server";
import { SocketAddress, SystemClock } from "@sortie/transport";
import { type LinkOptions, Prng } from "@sortie/transport-memory";
import { UdpProxy } from "../support/udp-proxy.js";
import { Ledger } from "./ledger.js";
import { liveOneLife, type SoakLife } from "./soak-bot.js";
import { createUdpTransport } from "../support/udp-transport.js";

/** What the network does to every datagram, each way. */
const SOAK_LINK: LinkOptions = {
  latencyMs: 10,
  jitterMs: 10,
  loss: 0.03,
  burst: 2,
  reorder: 0.05,
  reorderDelayMs: 15,
  duplicate: 0.02,
  corrupt: 0.005,
};

export interface SoakReport {
  readonly lives: number;
  readonly faults: readonly string[];
  readonly messages: number;
  readonly heapBytes: readonly number[];
  /** Growth of the heap after garbage collection over the second half, as a share. */
  readonly heapGrowth: number;
  readonly leftovers: string[];
}

interface PeerBooks {
  readonly ledger: Ledger;
}

/** Runs a server and `bots` churning clients over real UDP through a faulty link for `seconds`. */
export async function runSoak(options: { seconds: number; bots: number; seed: number }): Promise<SoakReport> {
  const { seconds, bots, seed } = options;
  const crypto = createNodeProvider();
  const identity = identityOf(crypto.generateKeyPair());
  const clock = new SystemClock();
  const transport = createUdpTransport({ host: "127.0.0.1" });
  const server = new Server<PeerBooks>({
    protocol: "soak/1",
    identity,
    crypto,
    transport,
    clock,
    idleTimeoutMs: 5000,
    authenticate: () => ({ accept: true, data: { ledger: new Ledger() } }),
  });
  const faults: string[] = [];
  let messages = 0;
  server.on("message", (peer, message) => {
    messages += 1;
    peer.data.ledger.receive(message);
    peer.send(message.payload, { delivery: message.delivery, channel: message.channel });
  });
  server.on("disconnect", (peer, reason) => {
    const { ledger } = peer.data;
    faults.push(...ledger.faults);
    // Those who pull the plug are noticed by the idle timeout, or by nobody before the server closes; every other end
    // must be a client's own.
    if (reason.code === "timeout" || reason.code === "shutting-down") return;
    if (reason.code !== "closed" || reason.by !== "remote") faults.push(`server: ${reason.code} ${reason.text}`);
    const [ordered, reliable] = reason.text.split(" ").map(Number);
    if (ledger.ordered !== ordered || ledger.reliableCount !== reliable) {
      faults.push(`${reason.text} were sent, ${ledger.ordered} ${ledger.reliableCount} came`);
    }
  });
  server.on("error", (error) => faults.push(String(error)));
  const { port } = await server.listen();
  const proxy = new UdpProxy(SocketAddress.parse("127.0.0.1", port), SOAK_LINK, seed);
  const front = await proxy.listen();

  const endMs = clock.now() + seconds * 1000;
  let lives = 0;
  const churn = async (index: number): Promise<void> => {
    const prng = new Prng(seed, [100 + index]);
    while (clock.now() < endMs) {
      const left = endMs - clock.now();
      const lifeMs = Math.min(left, 1000 + prng.below(4000));
      const life: SoakLife = await liveOneLife(
        { port: front.port, serverKey: identity.publicKey, crypto, prng },
        lifeMs,
        prng.chance(0.8),
      );
      lives += 1;
      faults.push(...life.faults);
      if (life.timersLeft > 0) faults.push(`${life.timersLeft} timers of a client were left`);
    }
  };
  const heapBytes: number[] = [];
  const sampler = sampleHeap(heapBytes, seconds, () => clock.now() < endMs);
  await Promise.all(Array.from({ length: bots }, (_, index) => churn(index)));
  await sampler;
  await server.close({ drainMs: 2000 });
  await proxy.close();
  const leftovers: string[] = [];
  const { peers, halfOpen } = server.stats;
  if (peers + halfOpen > 0) leftovers.push(`${peers} peers, ${halfOpen} half-open`);
  if (clock.activeTimers > 0) leftovers.push(`${clock.activeTimers} timers of the server`);
  return { lives, faults, messages, heapBytes, heapGrowth: growth(heapBytes), leftovers };
}

/** Collects the size of the heap after garbage collection, a hundred times over the run but at most each second. */
async function sampleHeap(into: number[], seconds: number, goesOn: () => boolean): Promise<void> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const everyMs = Math.max(1000, seconds * 10);
  while (goesOn()) {
    await new Promise((resolve) => setTimeout(resolve, everyMs));
    collect();
    into.push(process.memoryUsage().heapUsed);
  }
}

/** The last quarter's median against the third's. */
function growth(heapBytes: readonly number[]): number {
  const quarter = Math.floor(heapBytes.length / 4);
  const third = heapBytes.slice(2 * quarter, 3 * quarter);
  const last = heapBytes.slice(3 * quarter);
  return median(last) / median(third) - 1;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
