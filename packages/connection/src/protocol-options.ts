import {
  AdaptiveRate,
  checkChannelWeights,
  type CongestionController,
  DEFAULT_LIMITS,
  FixedBudget,
  NewReno,
  type ClockLead,
} from "@sortie/reliability";
import {
  MAX_DATAGRAM_BYTES,
  MAX_MESSAGE_BYTES,
  MIN_DATAGRAM_BYTES,
  type OptionNames,
  type TransportParameters,
} from "@sortie/wire";
import { checkedController } from "./checked-controller.js";
import { type ConnectionSettings, DEFAULT_HANDSHAKE_TIMEOUT_MS, DEFAULT_KEEP_ALIVE_MS } from "./connection-options.js";
import { describeKind, describeValue } from "./describe-value.js";

/** ms. A client should notice a dead server soon, but some seconds without a mobile link must not end the game. */
export const DEFAULT_IDLE_TIMEOUT_MS = 10_000;
/** bytes. */
const DEFAULT_MAX_MESSAGE_BYTES: number = 1024 * 1024;
/** bytes. */
const DEFAULT_RECEIVE_WINDOW_BYTES: number = 4 * 1024 * 1024;
/** bytes that the default window has beside the largest message, which would else hold up others of some packets. */
const WINDOW_BESIDE_BYTES: number = 2 * 1024 * 1024;
/** bytes and messages: less would refuse a single tick of many a game, more would be a leak. */
const QUEUED_BYTES = { min: 64 * 1024, max: 2 ** 30 } as const;
const QUEUED_MESSAGES = { min: 64, max: 1_000_000 } as const;
/** bytes/s of the fixed rate. */
const DEFAULT_FIXED_RATE_BYTES_PER_SECOND: number = 8 * 1024 * 1024;
/** bytes/s that an adaptive controller is capped at: in effect not at all. */
const MAX_RATE_BYTES_PER_SECOND = 1e9;
/** A peer that is heard once a tick, and a little late, has still been heard in time. */
const MIN_IDLE_TICKS = 2;
/** ms. How long an acknowledgement may take, ticks apart, as the other side is told: max_ack_delay of RFC 9000. */
const TOLD_ACK_DELAY_MS = 25;
/**
 * ms of it that are left to timers, which are never early and mostly 1 to 3 ms late (RFC 9000 section 18.2): one armed
 * for what was told breaks the promise each time.
 */
const TIMER_LATENESS_MS = 3;
/** ms. How long an acknowledgement may wait for company. */
const ACK_DELAY_MS: number = TOLD_ACK_DELAY_MS - TIMER_LATENESS_MS;
/** ms. The range of the transport parameter. */
const MAX_TOLD_ACK_DELAY_MS = 1000;
/** ms. Where it waits for the next frame besides: with a frame of 60 a second no longer than anywhere else. */
const FRAME_ACK_DELAY_MS = 8;
/**
 * ms. Bounds of the interval at which an owner with frames is first said to send. The frames before a game begins are
 * often quicker than those after it; what goes at once after a longer one would overflow the queues of most paths.
 */
const MIN_FRAME_MS = 25;
const MAX_FRAME_MS = 100;
/**
 * ms, and ticks: the longer of both is how long an unreliable or sequenced message may wait to be sent. Six ticks of a
 * 60 Hz game: longer waits show, and a tick that is missed must not empty the queue of a slow server.
 */
const MAX_UNRELIABLE_WAIT_MS = 100;
const MAX_UNRELIABLE_WAIT_TICKS = 2;
/** bytes a fixed budget may send at once, at the most. */
const MAX_BURST_BYTES: number = 256 * 1024;

/** Options of the protocol that clients and servers have in common. */
export interface ProtocolOptions {
  /**
   * bytes of UDP payload, 1200..1452: the largest datagram sent, from the start. A path that swallows datagrams of that
   * size gets 1200 bytes, until a probe of the size set arrives. Default: found by probes (RFC 8899), from 1200 up to
   * 1452 or what the other side takes, for each path anew.
   */
  readonly mtu?: number | undefined;
  /**
   * ms, 1000..600000. Default 10000; the smaller of both sides counts. At least two ticks of the server, which reads
   * and answers once a tick: its own is checked, a client's cannot be.
   */
  readonly idleTimeoutMs?: number | undefined;
  /**
   * ms, 100..600000: a PING goes after this long without a word from the peer. Default 3000; never more than
   * a third of the idle timeout.
   */
  readonly keepAliveMs?: number | undefined;
  /** bytes, 1..2^30-1: the largest message taken. Default 1 MiB. */
  readonly maxMessageBytes?: number | undefined;
  /**
   * bytes held for the sender until they are whole and in order, `maxMessageBytes`..2^40. Default 4 MiB, or
   * `maxMessageBytes` and 2 MiB if that is more. While a message fills it, all others above some 1.2 kB that are resent
   * wait.
   */
  readonly receiveWindowBytes?: number | undefined;
  /**
   * bytes, 65536..2^30, that wait to be sent, or, where they are resent, to be acknowledged; beyond it `send` refuses
   * with "queue-full". Default 4 MiB. An eighth more is kept for channels that hold no more than that, and an eighth
   * for unreliable and sequenced messages.
   */
  readonly maxQueuedBytes?: number | undefined;
  /** The same in messages, 64..1000000. Default 16384. */
  readonly maxQueuedMessages?: number | undefined;
  /**
   * Shares of the bytes, by channel (0..255), where channels of one priority compete: integers in 1..255, default 1.
   * A channel with weight 3 sends three bytes for each byte of one with weight 1. Concerns what this side sends.
   */
  readonly channelWeights?: Readonly<Record<number, number>> | undefined;
  /**
   * bytes/s that a connection sends at the most, 1000..10^9. Default: no cap; with `congestion: "fixed"` this is the
   * rate itself, 8 MiB/s by default.
   */
  readonly sendRateBytesPerSecond?: number | undefined;
  /**
   * What decides how fast a connection sends. "adaptive" (the default) finds the path's rate and keeps its queues
   * short; "new-reno" is that of RFC 9002, which shares with loss-based flows and fills queues; "fixed" always sends at
   * `sendRateBytesPerSecond`.
   */
  readonly congestion?: CongestionAlgorithm | undefined;
  /**
   * A congestion controller of your own for each connection, instead of `congestion`. Each is checked as it is made:
   * what is none is a TypeError there, which a server tells by "error" and a client to its `logger`. What it throws
   * later ends its connection alone, "internal-error", and so does an answer that is none, such as undefined.
   */
  readonly createCongestionController?: ((context: CongestionContext) => CongestionController) | undefined;
}

/** See `checkOptionNames`. */
export const PROTOCOL_OPTION_NAMES: OptionNames<ProtocolOptions> = {
  mtu: true,
  idleTimeoutMs: true,
  keepAliveMs: true,
  maxMessageBytes: true,
  receiveWindowBytes: true,
  maxQueuedBytes: true,
  maxQueuedMessages: true,
  channelWeights: true,
  sendRateBytesPerSecond: true,
  congestion: true,
  createCongestionController: true,
};

/** Congestion controllers that come with Sortie. */
export type CongestionAlgorithm = "adaptive" | "new-reno" | "fixed";

/** What a congestion controller should know of its owner. */
export interface CongestionContext {
  /** bytes/s: `sendRateBytesPerSecond`, or 10^9. */
  readonly maxRateBytesPerSecond: number;
  /**
   * ms between two flushes of a server with ticks, or of a client that is polled once a frame, 25..100 by the frames
   * before the connection; what may go in that time goes at once. 0: whenever it may.
   */
  readonly flushIntervalMs: number;
}

/**
 * The frames of an owner that receives and sends once in each, whose length is known by looking only, and whose time
 * may be a game's.
 */
export interface FrameTiming extends ClockLead {
  /** ms of late from frame to frame; 0 before the second. */
  readonly intervalMs: number;
}

/** What a side tells the other, and what it keeps to itself. */
export interface ResolvedProtocolOptions {
  readonly parameters: TransportParameters;
  readonly settings: ConnectionSettings;
}

/**
 * Checks the options and fills in the defaults. Throws RangeError (TypeError where a function is expected) that names
 * the option, its range and what came.
 * @param tickMs how long an acknowledgement may wait for a tick beyond its own delay
 * @param frames of an owner that has frames instead of ticks
 */
export function resolveProtocolOptions(
  options: ProtocolOptions & { readonly handshakeTimeoutMs?: number | undefined },
  tickMs: number,
  frames?: FrameTiming,
): ResolvedProtocolOptions {
  const idleTimeoutMs = integer("idleTimeoutMs", options.idleTimeoutMs, DEFAULT_IDLE_TIMEOUT_MS, 1000, 600_000);
  const atLeastMs = Math.ceil(MIN_IDLE_TICKS * tickMs);
  if (idleTimeoutMs < atLeastMs) {
    const expected = `at least ${atLeastMs}, ${MIN_IDLE_TICKS} ticks of the server`;
    throw new RangeError(`"idleTimeoutMs" expected ${expected}, got ${idleTimeoutMs}`);
  }
  const maxMessageBytes = integer(
    "maxMessageBytes",
    options.maxMessageBytes,
    DEFAULT_MAX_MESSAGE_BYTES,
    1,
    MAX_MESSAGE_BYTES,
  );
  const receiveWindowBytes = integer(
    "receiveWindowBytes",
    options.receiveWindowBytes,
    Math.max(DEFAULT_RECEIVE_WINDOW_BYTES, maxMessageBytes + WINDOW_BESIDE_BYTES),
    maxMessageBytes,
    2 ** 40,
  );
  const createCongestionController = controllerFactory(options, tickMs, frames);
  const ackDelayMs = frames === undefined ? ACK_DELAY_MS : FRAME_ACK_DELAY_MS;
  const { handshakeTimeoutMs: timeout } = options;
  const mtuBytes = integer("mtu", options.mtu, MAX_DATAGRAM_BYTES, MIN_DATAGRAM_BYTES, MAX_DATAGRAM_BYTES);
  checkChannelWeights(options.channelWeights);
  checkIsRecord("channelWeights", options.channelWeights);
  return {
    parameters: {
      idleTimeoutMs,
      // Slower ticks than one a second are told as that: the peer believes no more, and its probes come a little early.
      // Frames become as slow as that where a browser hides a tab.
      maxAckDelayMs:
        frames === undefined
          ? Math.min(TOLD_ACK_DELAY_MS + Math.ceil(tickMs), MAX_TOLD_ACK_DELAY_MS)
          : MAX_TOLD_ACK_DELAY_MS,
      maxDatagramBytes: MAX_DATAGRAM_BYTES,
      maxMessageBytes,
      receiveWindowBytes,
      timedAcks: 1,
    },
    settings: {
      ackDelayMs,
      keepAliveMs: integer("keepAliveMs", options.keepAliveMs, DEFAULT_KEEP_ALIVE_MS, 100, 600_000),
      handshakeTimeoutMs: integer("handshakeTimeoutMs", timeout, DEFAULT_HANDSHAKE_TIMEOUT_MS, 100, 120_000),
      createCongestionController,
      ...(frames === undefined ? {} : { clockLead: frames }),
      ...(options.mtu === undefined ? {} : { mtuBytes }),
      channelWeights: { ...options.channelWeights },
      ...queueLimits(options),
      maxUnreliableWaitMs: Math.max(MAX_UNRELIABLE_WAIT_MS, MAX_UNRELIABLE_WAIT_TICKS * tickMs),
    },
  };
}

/** Nothing where the defaults hold: connections share those. */
function queueLimits(options: ProtocolOptions): Pick<ConnectionSettings, "limits"> {
  const { maxQueuedBytes, maxQueuedMessages } = options;
  if (maxQueuedBytes === undefined && maxQueuedMessages === undefined) return {};
  const [bytes, messages] = [QUEUED_BYTES, QUEUED_MESSAGES];
  const { maxQueuedBytes: usualBytes, maxQueuedMessages: usualMessages } = DEFAULT_LIMITS;
  return {
    limits: {
      maxQueuedBytes: integer("maxQueuedBytes", maxQueuedBytes, usualBytes, bytes.min, bytes.max),
      maxQueuedMessages: integer("maxQueuedMessages", maxQueuedMessages, usualMessages, messages.min, messages.max),
    },
  };
}

function controllerFactory(
  options: ProtocolOptions,
  tickMs: number,
  frames: FrameTiming | undefined,
): () => CongestionController {
  const { createCongestionController, sendRateBytesPerSecond } = options;
  const congestion = options.congestion === undefined ? "adaptive" : options.congestion;
  if (createCongestionController !== undefined) {
    if (options.congestion !== undefined) {
      throw new TypeError(
        `"congestion" expected to be left out beside "createCongestionController", got ${describeValue(options.congestion)}`,
      );
    }
    if (typeof createCongestionController !== "function") {
      const got = describeKind(createCongestionController);
      throw new TypeError(`"createCongestionController" expected a function, got ${got}`);
    }
  }
  const fallback = congestion === "fixed" ? DEFAULT_FIXED_RATE_BYTES_PER_SECOND : MAX_RATE_BYTES_PER_SECOND;
  const rate = integer("sendRateBytesPerSecond", sendRateBytesPerSecond, fallback, 1000, MAX_RATE_BYTES_PER_SECOND);
  const flushMs = (): number =>
    frames === undefined
      ? Math.min(tickMs, MAX_TOLD_ACK_DELAY_MS)
      : Math.min(Math.max(frames.intervalMs, MIN_FRAME_MS), MAX_FRAME_MS);
  const context = (): CongestionContext => ({ maxRateBytesPerSecond: rate, flushIntervalMs: flushMs() });
  // Each is checked as it is made: one made only to be looked at would be counted by a factory that keeps count.
  if (createCongestionController !== undefined) return () => checkedController(createCongestionController(context()));
  switch (congestion as string) {
    case "adaptive":
      return () => new AdaptiveRate(context());
    case "new-reno":
      return () => new NewReno(context());
    case "fixed": {
      const burstBytes = Math.max(2 * MAX_DATAGRAM_BYTES, Math.min(rate, MAX_BURST_BYTES));
      return () => new FixedBudget({ rateBytesPerSecond: rate, burstBytes });
    }
    default:
      throw new TypeError(`"congestion" expected "adaptive", "new-reno" or "fixed", got ${describeValue(congestion)}`);
  }
}

/** Throws TypeError for a Map and the like, whose entries are no properties: none of them would be seen. */
function checkIsRecord(label: string, value: object | undefined): void {
  if (value === undefined || Object.keys(value).length > 0) return;
  const prototype: unknown = Object.getPrototypeOf(value);
  // By its place: that of another realm is none of this one's.
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return;
  const got = Object.prototype.toString.call(value).slice(8, -1);
  throw new TypeError(`"${label}" expected a plain object of channels and weights, got a ${got}`);
}

function integer(label: string, value: number | undefined, fallback: number, min: number, max: number): number {
  if (value === undefined) return fallback;
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`"${label}" expected an integer in ${min}..${max}, got ${describeValue(value)}`);
  }
  return value;
}
