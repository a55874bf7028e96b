import { type Client, connect, ConnectError } from "@sortie/client";
import type { CryptoProvider } from "@sortie/handshake";
import { SystemClock } from "@sortie/transport";
import type { Prng } from "@sortie/transport-memory";
import { Ledger, numbered } from "./ledger.js";
import { createUdpTransport } from "../support/udp-transport.js";

/** ms between two rounds of sends. */
const ROUND_MS = 50;

export interface SoakBotOptions {
  readonly port: number;
  readonly serverKey: Uint8Array;
  readonly crypto: CryptoProvider;
  readonly prng: Prng;
}

/** What a bot's life showed. */
export interface SoakLife {
  readonly faults: readonly string[];
  readonly connected: boolean;
  readonly sentOrdered: number;
  readonly sentReliable: number;
  /** Timers of its clock that were armed when all was over. */
  readonly timersLeft: number;
}

/** Connects, talks for `lifeMs`, and leaves: in good order, with everything acknowledged, or by pulling the plug. */
export async function liveOneLife(options: SoakBotOptions, lifeMs: number, leavesWell: boolean): Promise<SoakLife> {
  const clock = new SystemClock();
  const { port, serverKey, crypto, prng } = options;
  const ledger = new Ledger();
  const transport = createUdpTransport({ host: "127.0.0.1" });
  const life = { sentOrdered: 0, sentReliable: 0 };
  let client: Client;
  try {
    const target = { host: "127.0.0.1", port, protocol: "soak/1", serverKey };
    client = await connect({ ...target, crypto, transport, clock, timeoutMs: 15_000 });
  } catch (error) {
    const code = error instanceof ConnectError ? error.code : String(error);
    return { ...life, faults: [`could not connect: ${code}`], connected: false, timersLeft: clock.activeTimers };
  }
  client.on("message", (message) => ledger.receive(message));
  const outcomes: Promise<string>[] = [];
  const faults: string[] = [];
  client.on("disconnect", (reason) => {
    if (reason.by === "remote" || reason.code === "timeout") faults.push(`disconnected: ${reason.code} ${reason.text}`);
  });
  const endMs = clock.now() + lifeMs;
  for (let round = 0; clock.now() < endMs && client.isConnected; round++) {
    outcomes.push(client.send(numbered(life.sentOrdered++, prng.below(200)), { delivery: "ordered" }).outcome);
    const bytes = round % 20 === 7 ? prng.below(20_000) : prng.below(100);
    outcomes.push(client.send(numbered(life.sentReliable++, bytes), { delivery: "reliable", channel: 3 }).outcome);
    client.send(numbered(round, prng.below(300)));
    if (prng.chance(0.01)) await client.rebind();
    await new Promise<void>((resolve) => clock.setTimer(clock.now() + ROUND_MS, resolve));
  }
  if (!leavesWell) {
    // The socket goes without a word; the server must find out by itself.
    await transport.close();
    await client.close({ drainMs: 0 });
    return { ...life, faults: [...faults, ...ledger.faults], connected: true, timersLeft: clock.activeTimers };
  }
  await client.close({ drainMs: 8000, reason: `${life.sentOrdered} ${life.sentReliable}` });
  const unsettled = (await Promise.all(outcomes)).filter((outcome) => outcome !== "acked");
  if (unsettled.length > 0) faults.push(`${unsettled.length} reliable messages ended as ${unsettled[0]}`);
  return { ...life, faults: [...faults, ...ledger.faults], connected: true, timersLeft: clock.activeTimers };
}
