import { ConnectionPair, type ConnectionPairOptions, TraceRecorder } from "@sortie/testkit";
import { CloseCode, decodeClientHello, HandshakeType, PACKET_OVERHEAD_BYTES } from "@sortie/wire";
import { expect } from "vitest";
import { createSeededNodeCrypto } from "./hostile-crypto.js";
import type { SeenDatagram } from "./recorder.js";
import type { Transition } from "./transition-table.js";

export type Role = "client" | "server";

/** A pair of connections that records both sides. */
export class Recorded {
  readonly pair: ConnectionPair;
  readonly traces: Readonly<Record<Role, TraceRecorder>> = { client: new TraceRecorder(), server: new TraceRecorder() };

  constructor(options: Partial<ConnectionPairOptions> = {}) {
    const seed = options.seed ?? 3;
    const { client, server } = this.traces;
    const sinks = { clientTrace: client.sink, serverTrace: server.sink };
    this.pair = new ConnectionPair({ seed, crypto: createSeededNodeCrypto(seed), ...sinks, ...options });
  }

  static connected(options: Partial<ConnectionPairOptions> = {}): Recorded {
    const recorded = new Recorded({ link: { latencyMs: 20 }, ...options });
    expect(recorded.pair.runUntil(() => recorded.pair.client.state === "connected", 5000)).toBe(true);
    return recorded;
  }

  /** Runs until both sides are closed, or `ms` have passed. */
  finish(ms: number): void {
    const { pair } = this;
    pair.runUntil(() => pair.client.state === "closed" && pair.server.state === "closed", ms, 50);
  }

  /** What a side went through. */
  transitions(role: Role): Transition[] {
    return this.traces[role].of("state").map(({ from, cause, to }) => ({ from, event: cause, to }));
  }
}

type Options = Partial<ConnectionPairOptions>;

/** A pair of which the server is not asked yet, or has not answered yet. */
function waiting(stage: "awaiting-connect" | "authenticating", options: Options = {}): Recorded {
  const recorded = new Recorded({ link: { latencyMs: 20 }, autoAccept: false, ...options });
  if (stage === "authenticating") recorded.pair.run(100);
  expect(recorded.pair.server.state).toBe(stage);
  return recorded;
}

/** Nothing passes any more, and there is something to be delivered first. */
export function flushing(role: Role, options: Options = {}, flushMs = 5000): Recorded {
  const recorded = Recorded.connected(options);
  const { pair } = recorded;
  pair.interceptor = () => undefined;
  pair[role].send(new Uint8Array(10), { delivery: "ordered" }, pair.nowMs);
  pair[role].close(CloseCode.Normal, "bye", pair.nowMs, pair.nowMs + flushMs);
  expect(pair[role].state).toBe("flushing");
  return recorded;
}

function closing(role: Role, options: Options = {}): Recorded {
  const recorded = Recorded.connected(options);
  const { pair } = recorded;
  pair.interceptor = () => undefined;
  pair[role].close(CloseCode.Normal, "bye", pair.nowMs);
  expect(pair[role].state).toBe("closing");
  return recorded;
}

/** It has a CLOSE to answer, but was not asked for datagrams yet. */
export function drain(recorded: Recorded, role: Role): void {
  const { pair } = recorded;
  const other = role === "client" ? "server" : "client";
  const buffer = new Uint8Array(1500);
  pair[other].close(CloseCode.Normal, "bye", pair.nowMs);
  const length = pair[other].pollTransmit(buffer, 0, pair.nowMs);
  const from = other === "client" ? pair.clientAddress : pair.serverAddress;
  pair[role].receive(buffer.subarray(0, length), from, pair.nowMs);
  expect(pair[role].state).toBe("draining");
}

function draining(role: Role, options: Options = {}): Recorded {
  const recorded = Recorded.connected(options);
  drain(recorded, role);
  return recorded;
}

type Make = (options?: Options) => Recorded;

export const OPEN: readonly (readonly [string, Role, Make])[] = [
  ["connecting", "client", (options) => waiting("awaiting-connect", options)],
  ["awaiting-connect", "server", (options) => waiting("awaiting-connect", options)],
  ["authenticating", "server", (options) => waiting("authenticating", options)],
  ["connected", "client", (options) => Recorded.connected(options)],
  ["connected", "server", (options) => Recorded.connected(options)],
  ["flushing", "client", (options) => flushing("client", options)],
  ["flushing", "server", (options) => flushing("server", options)],
];

export const CLOSING: readonly (readonly [string, Role, Make])[] = [
  ["closing", "client", (options) => closing("client", options)],
  ["closing", "server", (options) => closing("server", options)],
];

export const STAGES: readonly (readonly [string, Role, Make])[] = [
  ...OPEN,
  ...CLOSING,
  ["draining", "client", (options) => draining("client", options)],
  ["draining", "server", (options) => draining("server", options)],
];

/** What a client's datagrams show of the time before it has keys; `failed`: connecting was given up. */
export function handshakeOf(datagrams: readonly SeenDatagram[], serverPort: number, failed: boolean): Transition[] {
  const transitions: Transition[] = [];
  let state = "";
  let cookie = "none";
  let answer: "server-hello" | "reject" | undefined;
  const go = (event: string, to: string): void => {
    transitions.push({ from: state, event, to });
    state = to;
  };
  for (const { datagram, from } of datagrams) {
    const type = datagram[0];
    if (from.port === serverPort) {
      if (type === HandshakeType.ServerHello) answer = "server-hello";
      if (type === HandshakeType.Reject) answer = "reject";
    } else if (type === HandshakeType.ClientHello) {
      const hello = decodeClientHello(datagram);
      const now = typeof hello === "string" ? hello : hello.cookie.join();
      if (now === cookie) continue;
      if (state === "") go("hello", "hello-sent");
      else go("retry", "retry");
      cookie = now;
    } else if (datagram.length > PACKET_OVERHEAD_BYTES && state !== "connecting" && answer === "server-hello") {
      go("server-hello", "connecting");
    }
  }
  if (failed && state !== "connecting") go(answer === "reject" ? "reject" : "give-up", "closed");
  return transitions;
}
