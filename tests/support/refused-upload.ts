import { createNodeProvider } from "@sortie/handshake/node";
import { ConnectionPair, TraceRecorder } from "@sortie/testkit";
import { FrameKind, type PacketFrames } from "@sortie/wire";
import { expect } from "vitest";

/** Of the link, each way. */
export const LATENCY_MS = 20;

function hasPieces(frames: PacketFrames): boolean {
  for (let i = 0; i < frames.count; i++) if (frames.at(i).kind === FrameKind.Fragment) return true;
  return false;
}

/** An upload to a server that has no room for pieces of messages, as while others fill the memory that all share. */
export class RefusedUpload {
  readonly trace = new TraceRecorder();
  readonly pair: ConnectionPair;
  isFull = true;
  /** What came to the server and was refused, in order. */
  readonly refused: Uint8Array[] = [];

  /** @param isHeard whether the client hears the server; else nothing that it sends is accepted, no ACK alone either */
  constructor(isHeard: boolean = true) {
    const link = { latencyMs: LATENCY_MS };
    this.pair = new ConnectionPair({ seed: 7, crypto: createNodeProvider(), link, serverTrace: this.trace.sink });
    this.pair.run(500);
    const { server } = this.pair;
    const endpoint = Reflect.get(server, "endpoint") as { canAccept: (frames: PacketFrames) => boolean };
    endpoint.canAccept = (frames) => !this.isFull || !hasPieces(frames);
    const receive = server.receive.bind(server);
    server.receive = (datagram, from, nowMs) => {
      const reason = receive(datagram, from, nowMs);
      if (reason === "receive-buffer-full") this.refused.push(datagram.slice());
      return reason;
    };
    if (!isHeard) this.pair.interceptor = (datagram, to) => (to === "client" ? undefined : datagram);
    this.pair.client.send(new Uint8Array(60_000), { delivery: "reliable" }, this.pair.nowMs);
    this.pair.run(100);
    expect(this.refused.length).toBeGreaterThan(5);
  }

  get challenges(): number {
    return this.trace.of("path-challenge").length;
  }
}
