import { pcapHeader, pcapRecord } from "@sortie/capture";
import { SystemClock } from "@sortie/transport";
import { createNetwork } from "@sortie/transport-memory";
import { connect } from "../../src/connect.js";
import { createServer } from "../../src/create-server.js";
import { generateIdentity } from "../../src/index.js";
import { collectWarnings } from "./warnings.js";

export interface RecordedGame {
  /** A pcap file. */
  readonly capture: Uint8Array;
  readonly datagrams: readonly Uint8Array[];
  /** A line of the server's, and the same of the client's. */
  readonly keyLog: string;
}

/** A client that connects, says something, hears it again and leaves with a farewell: all datagrams, as captured. */
export async function recordGame(words: string, farewell = ""): Promise<RecordedGame> {
  const network = createNetwork({ seed: 1, clock: new SystemClock(), link: {} });
  const datagrams: Uint8Array[] = [];
  const records: Uint8Array[] = [pcapHeader()];
  network.tap((datagram, source, destination, verdict, nowMs) => {
    if (verdict !== "sent") return;
    datagrams.push(datagram.slice());
    const timeNs = BigInt(Math.floor(nowMs * 1e6));
    records.push(pcapRecord({ timeNs, source, destination, payload: datagram }));
  });
  const lines: string[] = [];
  const keyLog = (line: string): void => void lines.push(`${line}\n`);
  await collectWarnings(async () => {
    const identity = generateIdentity();
    const own = { protocol: "recorded/1", keyLog } as const;
    const listen = network.createTransport({ host: "10.0.0.1", port: 1474 });
    const server = createServer({ ...own, identity, tickRate: 0, transport: listen });
    server.on("message", (peer, { payload }) => void peer.send(payload, { delivery: "ordered" }));
    await server.listen();
    const to = { host: "10.0.0.1", port: 1474, serverKey: identity.publicKey };
    const client = await connect({ ...own, ...to, transport: network.createTransport({ host: "10.0.0.2" }) });
    const heard = new Promise((resolve) => client.on("message", resolve));
    client.send(words, { delivery: "reliable", channel: 3 });
    await heard;
    await client.close({ reason: farewell });
    await server.close();
  });
  return { capture: new Uint8Array(Buffer.concat(records)), datagrams, keyLog: lines.join("") };
}
