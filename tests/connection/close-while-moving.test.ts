import { assertNoLeaks, ConnectionPair, PairAddress, TraceRecorder } from "@sortie/testkit";
import { CloseCode } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { closeReason, eventsOf } from "../support/pair-reading.js";

const LATENCY_MS = 30;
const BANNED = { code: "kicked", by: "remote", text: "banned" };

/** A client that plays, and nothing reaches it any more where it was. */
class MovingClient {
  readonly trace = new TraceRecorder();
  readonly pair = new ConnectionPair({ seed: 5, link: { latencyMs: LATENCY_MS }, clientTrace: this.trace.sink });
  readonly moved = new PairAddress("moved");
  /** bytes from and to the new address. */
  readonly bytes = { from: 0, to: 0 };

  constructor() {
    const { pair } = this;
    pair.runUntil(() => pair.client.state === "connected", 3000);
    pair.run(1000);
    eventsOf(pair.server);
  }

  move(): void {
    const { pair, bytes, moved } = this;
    pair.seenAddress = moved;
    pair.interceptor = (datagram, to) => {
      if (to === "server") bytes.from += datagram.length;
      else if ((pair.server.transmitTo as PairAddress).equals(moved)) bytes.to += datagram.length;
      return datagram;
    };
  }

  /** Plays on until the client has ended, and gives the ms that it took. */
  playOn(withinMs: number): number {
    const { pair } = this;
    const startMs = pair.nowMs;
    while (pair.client.state === "connected" && pair.nowMs - startMs < withinMs) {
      pair.client.send(Uint8Array.of(1), undefined, pair.nowMs);
      pair.run(5);
    }
    return pair.nowMs - startMs;
  }
}

describe("a server that closes while its client is at an address that is not proven", () => {
  it.each([31, 40, 61, 80])("%i ms after the move: the client hears it where it is", (afterMs) => {
    const moving = new MovingClient();
    const { pair, bytes } = moving;
    moving.move();
    moving.playOn(afterMs);
    expect((pair.server.address as PairAddress).name).toBe("client");
    pair.server.close(CloseCode.Kicked, "banned", pair.nowMs);
    expect(moving.playOn(500)).toBeLessThan(300);
    expect(closeReason(pair.client)).toEqual(BANNED);
    expect(bytes.to).toBeGreaterThan(0);
    expect(bytes.to).toBeLessThanOrEqual(3 * bytes.from);
    // What the server tells its owner last is the end, whatever proves itself after that.
    pair.run(3000);
    expect(eventsOf(pair.server).at(-1)).toMatchObject({ type: "closed" });
    assertNoLeaks({ connections: [pair.client, pair.server] });
  });

  it("while the new address is asked, and says no more: the CLOSE goes there at once", () => {
    const moving = new MovingClient();
    const { pair, bytes } = moving;
    moving.move();
    pair.client.onLocalMove(pair.nowMs);
    pair.run(LATENCY_MS + 5);
    pair.server.close(CloseCode.Kicked, "banned", pair.nowMs);
    const heard = pair.interceptor;
    pair.interceptor = (datagram, to) => (to === "server" ? undefined : heard?.(datagram, to));
    pair.run(LATENCY_MS + 1);
    expect(closeReason(pair.client)).toEqual(BANNED);
    expect(bytes.to).toBeLessThanOrEqual(3 * bytes.from);
  });

  it("before anything came from there: the next packet from there brings the CLOSE when it is repeated", () => {
    const moving = new MovingClient();
    const { pair, bytes } = moving;
    moving.move();
    pair.server.close(CloseCode.Kicked, "banned", pair.nowMs);
    moving.playOn(1000);
    expect(closeReason(pair.client)).toEqual(BANNED);
    expect(bytes.to).toBeLessThanOrEqual(3 * bytes.from);
  });

  it("asks nothing of the new address any more, and sends it CLOSEs alone, within three times what came", () => {
    const moving = new MovingClient();
    const { pair, bytes } = moving;
    moving.move();
    pair.client.send(Uint8Array.of(1), undefined, pair.nowMs);
    pair.run(40);
    const before = bytes.to;
    // It says no more from there.
    pair.interceptor = (datagram, to) => {
      if (to === "client" && (pair.server.transmitTo as PairAddress).equals(moving.moved)) bytes.to += datagram.length;
      return to === "client" ? datagram : undefined;
    };
    pair.server.close(CloseCode.Kicked, "b".repeat(256), pair.nowMs);
    pair.run(5000);
    expect(pair.server.state).toBe("closed");
    // Such a long one is more than three times a packet of one byte.
    expect(bytes.to).toBe(before);
    expect(bytes.to).toBeLessThanOrEqual(3 * bytes.from);
  });
});

describe("a client that closes with its first packet from a new address", () => {
  it.each(["", "bye", "b".repeat(256)])("is answered there, in a round trip (%j)", (text) => {
    const moving = new MovingClient();
    const { pair, bytes } = moving;
    const to: string[] = [];
    const poll = pair.server.pollTransmit.bind(pair.server);
    pair.server.pollTransmit = (buffer, offset, nowMs) => {
      const length = poll(buffer, offset, nowMs);
      if (length > 0) to.push((pair.server.transmitTo as PairAddress).name);
      return length;
    };
    moving.move();
    pair.client.close(CloseCode.Normal, text, pair.nowMs);
    pair.run(2 * LATENCY_MS + 1);
    expect(moving.trace.of("state").at(-1)).toMatchObject({ to: "closed", cause: "close-received" });
    expect(pair.server.state).toBe("closed");
    // Once where the client was, and once where it may be now.
    expect(to).toEqual(["client", "moved"]);
    expect(bytes.to).toBeLessThanOrEqual(3 * bytes.from);
    assertNoLeaks({ connections: [pair.client, pair.server] });
  });

  it("that is a copy ahead of it has the peer answered all the same, where it is", () => {
    const moving = new MovingClient();
    const { pair } = moving;
    pair.interceptor = (datagram, to) => {
      if (to === "server") pair.inject(datagram, "server", moving.moved, 1);
      return datagram;
    };
    pair.client.close(CloseCode.Normal, "", pair.nowMs);
    pair.run(2 * LATENCY_MS + 1);
    expect(moving.trace.of("state").at(-1)).toMatchObject({ to: "closed", cause: "close-received" });
  });
});
