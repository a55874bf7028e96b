import { containRejection } from "@sortie/handshake";
import type { AckSample, CongestionController } from "@sortie/reliability";
import { isThenable } from "./call-contained.js";
import { describeValue } from "./describe-value.js";
import { checkMethods, withoutParts } from "./method-checks.js";

const METHODS = [
  "onPacketSent",
  "onPacketAcked",
  "onAck",
  "onPacketsLost",
  "onSpuriousLoss",
  "onPathChanged",
  "canSend",
  "nextSendAt",
] as const satisfies readonly (keyof CongestionController)[];
const NUMBERS = [
  "windowBytes",
  "paceBytesPerSecond",
  "bandwidthBytesPerSecond",
] as const satisfies readonly (keyof CongestionController)[];

const EXPECTED = "to give a congestion controller";

/**
 * What an application's factory gave, with an eye on its answers: one without a value would stop the connection from
 * sending, or its rates from being numbers, and nobody would be told. Throws TypeError, which names the option, for
 * what is no controller.
 */
export function checkedController(controller: CongestionController): CongestionController {
  checkMethods("createCongestionController", controller, EXPECTED, METHODS);
  const missing = NUMBERS.filter((name) => typeof controller[name] !== "number");
  if (missing.length === 0) return new CheckedController(controller);
  for (const name of missing) containRejection(controller[name]);
  throw new TypeError(`"createCongestionController" expected ${EXPECTED}, got ${withoutParts(controller, missing)}`);
}

/**
 * Asks a controller, and throws TypeError for an answer that is none; that ends the connection with its text. So does a
 * promise where nothing is to be answered: what it comes to would be too late, and its rejection would end the process.
 */
class CheckedController implements CongestionController {
  private readonly inner: CongestionController;

  constructor(inner: CongestionController) {
    this.inner = inner;
    this.checkNumbers();
  }

  get windowBytes(): number {
    return this.inner.windowBytes;
  }

  get paceBytesPerSecond(): number {
    return this.inner.paceBytesPerSecond;
  }

  get bandwidthBytesPerSecond(): number {
    return this.inner.bandwidthBytesPerSecond;
  }

  canSend(bytes: number, bytesInFlight: number, nowMs: number, isSmall: boolean): boolean {
    const answer: unknown = this.inner.canSend(bytes, bytesInFlight, nowMs, isSmall);
    return typeof answer === "boolean" ? answer : wrongAnswer("canSend", "to give true or false", answer);
  }

  nextSendAt(bytes: number, nowMs: number, isSmall: boolean): number {
    const atMs: unknown = this.inner.nextSendAt(bytes, nowMs, isSmall);
    if (typeof atMs === "number" && !Number.isNaN(atMs)) return atMs;
    return wrongAnswer("nextSendAt", "to give a time in ms", atMs);
  }

  onAck(sample: AckSample): void {
    const answer: unknown = this.inner.onAck(sample);
    if (answer !== undefined) expectDone("onAck", answer);
    this.checkNumbers();
  }

  onPacketSent(bytes: number, nowMs: number, bytesInFlight: number): void {
    const answer: unknown = this.inner.onPacketSent(bytes, nowMs, bytesInFlight);
    if (answer !== undefined) expectDone("onPacketSent", answer);
  }

  onPacketAcked(bytes: number, sentAtMs: number, nowMs: number, isAppLimited: boolean): void {
    const answer: unknown = this.inner.onPacketAcked(bytes, sentAtMs, nowMs, isAppLimited);
    if (answer !== undefined) expectDone("onPacketAcked", answer);
  }

  onPacketsLost(bytes: number, largestLostSentAtMs: number, nowMs: number, persistent: boolean): void {
    const answer: unknown = this.inner.onPacketsLost(bytes, largestLostSentAtMs, nowMs, persistent);
    if (answer !== undefined) expectDone("onPacketsLost", answer);
  }

  onSpuriousLoss(bytes: number, sentAtMs: number, nowMs: number): void {
    const answer: unknown = this.inner.onSpuriousLoss(bytes, sentAtMs, nowMs);
    if (answer !== undefined) expectDone("onSpuriousLoss", answer);
  }

  onPathChanged(nowMs: number): void {
    const answer: unknown = this.inner.onPathChanged(nowMs);
    if (answer !== undefined) expectDone("onPathChanged", answer);
  }

  onFlushInterval(intervalMs: number, nowMs: number): void {
    const answer: unknown = this.inner.onFlushInterval?.(intervalMs, nowMs);
    if (answer !== undefined) expectDone("onFlushInterval", answer);
  }

  /** As it is made, and after each ACK, which is what changes them. */
  private checkNumbers(): void {
    const { inner } = this;
    checkAmount("windowBytes", inner.windowBytes);
    checkAmount("paceBytesPerSecond", inner.paceBytesPerSecond);
    checkAmount("bandwidthBytesPerSecond", inner.bandwidthBytesPerSecond);
  }
}

function checkAmount(name: (typeof NUMBERS)[number], value: unknown): void {
  if (typeof value !== "number" || !(value >= 0)) wrongAnswer(name, "to be a number from 0 on", value);
}

/** Anything but a promise is let pass: arrow functions give back what they end with. */
function expectDone(name: keyof CongestionController, answer: unknown): void {
  if (isThenable(answer)) wrongAnswer(name, "to be synchronous", answer);
}

function wrongAnswer(name: keyof CongestionController, expected: string, answer: unknown): never {
  containRejection(answer);
  throw new TypeError(`"${name}" of the congestion controller expected ${expected}, got ${describeValue(answer)}`);
}
