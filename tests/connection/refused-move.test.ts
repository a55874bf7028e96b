import { PairAddress } from "@sortie/testkit";
import { encodeUtf8 } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { wordsOf } from "../support/pair-reading.js";
import { LATENCY_MS, RefusedUpload } from "../support/refused-upload.js";

const PING = Uint8Array.of(1);
/** ms without an answer until a client takes a new port. */
const MOVES_AFTER_MS = 2500;

describe("a client whose packets are refused for want of room", () => {
  it("is followed to its new address, where it hears the game on", () => {
    const { pair } = new RefusedUpload();
    pair.seenAddress = new PairAddress("elsewhere");
    for (let i = 0; i < 40; i++) {
      pair.server.send(encodeUtf8(`state ${i}`), undefined, pair.nowMs);
      pair.run(50);
    }
    expect(pair.server.address.equals(pair.seenAddress)).toBe(true);
    // Its first packet from there comes by a probe timeout.
    expect(wordsOf(pair.client).length).toBeGreaterThan(20);
  });

  it("hears a server that has nothing else to say in time not to take its path for dead", () => {
    const { pair } = new RefusedUpload();
    let longestMs = 0;
    for (let i = 0; i < 300; i++) {
      pair.run(50);
      longestMs = Math.max(longestMs, pair.nowMs - pair.client.unansweredSinceMs);
    }
    expect(pair.client.state).toBe("connected");
    expect(longestMs).toBeLessThan(MOVES_AFTER_MS - 500);
  });

  it("is answered about once a second, however much of it is refused", () => {
    const { pair, refused } = new RefusedUpload();
    const [before, refusedBefore] = [pair.server.statistics(pair.nowMs).packetsSent, refused.length];
    for (let i = 0; i < 100; i++) {
      pair.client.send(new Uint8Array(3000), { delivery: "unreliable" }, pair.nowMs);
      pair.run(50);
    }
    expect(refused.length - refusedBefore).toBeGreaterThan(100);
    expect(pair.server.statistics(pair.nowMs).packetsSent - before).toBeLessThan(15);
  });
});

describe("a copy of a packet that was refused for want of room", () => {
  const ELSEWHERE = new PairAddress("spoofed");

  it.each(["first", "last"] as const)("moves nobody when it comes from elsewhere later (the %s)", (which) => {
    const upload = new RefusedUpload(false);
    const { pair, refused } = upload;
    const copy = (which === "first" ? refused[0] : refused.at(-1)) as Uint8Array;
    for (let i = 0; i < 20; i++) {
      pair.inject(copy, "server", ELSEWHERE);
      pair.run(110);
    }
    expect(upload.challenges).toBe(0);
    expect(pair.server.isPathWaiting).toBe(false);
  });

  it("moves nobody either when there is room by then, and nothing later has been accepted", () => {
    const upload = new RefusedUpload(false);
    const { pair, refused } = upload;
    upload.isFull = false;
    pair.inject(refused.at(-1) as Uint8Array, "server", ELSEWHERE);
    pair.run(0);
    expect(pair.server.statistics(pair.nowMs).endpoint.fragmentsReceived).toBe(1);
    expect(upload.challenges).toBe(0);
  });

  it("that overtakes it has a challenge sent, no more than three times its bytes, and diverts nothing", () => {
    const upload = new RefusedUpload();
    const { pair, refused } = upload;
    const sent = new Map<string, number>();
    const { server } = pair;
    const poll = server.pollTransmit.bind(server);
    server.pollTransmit = (buffer, offset, nowMs) => {
      const bytes = poll(buffer, offset, nowMs);
      const { name } = server.transmitTo as PairAddress;
      sent.set(name, (sent.get(name) ?? 0) + bytes);
      return bytes;
    };
    let copied = 0;
    pair.interceptor = (datagram, to) => {
      if (to === "server" && copied === 0) {
        copied = datagram.length;
        pair.inject(datagram, "server", ELSEWHERE, LATENCY_MS / 2);
      }
      return datagram;
    };
    for (let i = 0; i < 100; i++) {
      server.send(new Uint8Array(30), undefined, pair.nowMs);
      // Again and again, so that the limit does not grow by it.
      pair.inject(refused.at(-1) as Uint8Array, "server", ELSEWHERE);
      pair.run(50);
    }
    expect(copied).toBeGreaterThan(0);
    expect(upload.challenges).toBe(1);
    expect(server.address.equals(pair.clientAddress)).toBe(true);
    expect(sent.get(ELSEWHERE.name)).toBeLessThanOrEqual(3 * copied);
    expect(wordsOf(pair.client).length).toBeGreaterThan(90);
  });
});

describe("a packet that was overtaken by refused ones from a new address", () => {
  it("does not call back from there: its number is not the highest", () => {
    const upload = new RefusedUpload();
    const { pair } = upload;
    const elsewhere = new PairAddress("elsewhere");
    let held: Uint8Array | undefined;
    pair.interceptor = (datagram, to) => {
      if (to === "server" && held === undefined) {
        held = datagram.slice();
        return undefined;
      }
      return datagram;
    };
    pair.client.send(PING, undefined, pair.nowMs);
    pair.runUntil(() => held !== undefined, 3000);
    pair.seenAddress = elsewhere;
    expect(pair.runUntil(() => upload.challenges === 1, 5000)).toBe(true);
    // There is room for this one, and the address it comes from was the client's.
    upload.isFull = false;
    pair.inject(held as Uint8Array, "server", pair.clientAddress);
    pair.run(0);
    upload.isFull = true;
    pair.run(2 * LATENCY_MS + 1);
    expect(pair.server.address.equals(elsewhere)).toBe(true);
  });
});
