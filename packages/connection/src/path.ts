import { PACKET_OVERHEAD_BYTES, PATH_DATA_BYTES } from "@sortie/wire";
import type { PeerAddress } from "./peer-address.js";

/** Times that a new address is to be asked before it is given up (RFC 9000 section 8.2.4). */
const MAX_CHALLENGES = 4;
/** Bytes that may go to an unvalidated address for each byte that came from it (RFC 9000 section 8.1). */
const AMPLIFICATION_FACTOR = 3;
/** ms. New addresses are taken up at most this often, so that a flood of them costs nothing. */
const MIN_CANDIDATE_INTERVAL_MS = 100;
/** ms. The last challenge's time has been over for so long: we were held up, and the answer may wait in the socket. */
const HELD_UP_MS = 100;
/** ms. From then on another of our own addresses, to which the peer speaks, is no longer to be doubted. */
const LOCAL_SETTLES_MS = 1000;
/** bytes of a packet with one path frame alone. */
const PATH_PACKET_BYTES: number = PACKET_OVERHEAD_BYTES + 1 + PATH_DATA_BYTES;

/**
 * Where the peer is, and the validation of an address it may have moved to (RFC 9000 section 9, with one difference:
 * data stays on the proven path until the new one has answered, so that a copy of a packet sent from elsewhere never
 * diverts anything).
 *
 * Whoever copies a packet and sends it from elsewhere may be ahead of it, but cannot keep it from coming: second, as a
 * duplicate, from where the peer is. A packet that comes both ways therefore speaks for the address that is proven.
 */
export class Path {
  current: PeerAddress;
  /** The address under validation. */
  candidate: PeerAddress | undefined;
  /** A challenge must go to the candidate now. */
  challengeDue: boolean;
  answerDue: boolean;
  /** Number of the packet that showed the candidate, or the peer at another of our own addresses. */
  private shownBy: number;
  migrations: number;
  /** 8 bytes that the candidate must echo. */
  challenge: Uint8Array;
  /** Answer to the candidate's own challenge; 8 bytes once one was due. */
  answer: Uint8Array;
  /** The current address as it was until the peer spoke to another of our own. */
  private formerLocal: PeerAddress | undefined;
  private localSinceMs: number;
  /** Whether this side chose the candidate, rather than having heard from there: nobody can have forged it. */
  isOurChoice: boolean;
  private challengeAgainAtMs: number;
  /** No challenge is to come. */
  private isOver: boolean;
  /** Times that the candidate was to be asked, whether the amplification limit let a challenge go or not. */
  private challenges: number;
  /** The last challenge was given more time, as that is done once. */
  private isExcused: boolean;
  private bytesFromCandidate: number;
  private bytesToCandidate: number;
  private candidateSinceMs: number;

  constructor(address: PeerAddress) {
    // In the order in which V8 is to lay them out: what every packet needs side by side.
    this.current = address;
    this.candidate = undefined;
    this.challengeDue = false;
    this.answerDue = false;
    this.shownBy = 0;
    this.migrations = 0;
    this.challenge = EMPTY;
    this.answer = EMPTY;
    this.formerLocal = undefined;
    this.localSinceMs = -Infinity;
    this.isOurChoice = false;
    this.challengeAgainAtMs = Infinity;
    this.isOver = false;
    this.challenges = 0;
    this.isExcused = false;
    this.bytesFromCandidate = 0;
    this.bytesToCandidate = 0;
    this.candidateSinceMs = -Infinity;
  }

  /** ms. When the challenge goes again, or is given up. */
  get nextChallengeAtMs(): number {
    return this.candidate === undefined ? Infinity : this.challengeAgainAtMs;
  }

  /**
   * An authentic packet came from `from`. Returns true when a new candidate was taken up and a challenge must go out.
   * @param isNewest whether its number is the highest so far: only such a packet shows a move, others are stragglers
   */
  onAuthenticPacket(from: PeerAddress, packetNumber: number, isNewest: boolean, bytes: number, nowMs: number): boolean {
    if (from === this.current || from.equals(this.current)) {
      this.onCurrent(from, packetNumber, isNewest, nowMs);
      return false;
    }
    if (this.candidate?.equals(from) === true) {
      this.bytesFromCandidate += bytes;
      return false;
    }
    if (!isNewest || nowMs - this.candidateSinceMs < MIN_CANDIDATE_INTERVAL_MS) return false;
    this.begin(from, nowMs);
    this.shownBy = packetNumber;
    this.bytesFromCandidate = bytes;
    return true;
  }

  /**
   * Whether a packet from here, if it is authentic, says something although it had come before: that what came first
   * was a copy.
   */
  isTelling(from: PeerAddress, nowMs: number): boolean {
    if (this.candidate !== undefined) return !this.candidate.equals(from);
    return from === this.formerLocal && nowMs - this.localSinceMs < LOCAL_SETTLES_MS;
  }

  /** An authentic packet came from `from` that had come before. */
  onRepeated(from: PeerAddress, packetNumber: number, nowMs: number): void {
    if (from.equals(this.current)) this.onCurrent(from, packetNumber, false, nowMs);
    // The peer may have moved itself, to an address that nobody has heard of yet.
    else if (this.candidate?.equals(from) === false && packetNumber >= this.shownBy) this.abandon();
  }

  /** Client: another address of its server is to be asked. */
  tryCandidate(address: PeerAddress, nowMs: number): void {
    this.begin(address, nowMs);
    this.isOurChoice = true;
  }

  /** Whether a packet of path frames may go: within three times what came from there. */
  maySend(bytes: number): boolean {
    if (this.candidate === undefined) return false;
    return this.isOurChoice || this.bytesToCandidate + bytes <= AMPLIFICATION_FACTOR * this.bytesFromCandidate;
  }

  /** Whether a datagram may go to the candidate as well: within the same limit, with room for another challenge. */
  mayMirror(bytes: number): boolean {
    const isAsked = this.challengeDue || this.challenges < MAX_CHALLENGES;
    const kept = isAsked && !this.isOver ? PATH_PACKET_BYTES : 0;
    return this.bytesToCandidate + bytes + kept <= AMPLIFICATION_FACTOR * this.bytesFromCandidate;
  }

  onMirrored(bytes: number): void {
    this.bytesToCandidate += bytes;
  }

  /** The candidate is to be asked for `data`, now and again after each probe timeout. */
  startChallenge(data: Uint8Array, nowMs: number, probeTimeoutMs: number): void {
    this.challenge = data;
    this.ask(nowMs, probeTimeoutMs);
  }

  /** The challenge, the answer or both, whatever was due, went out. */
  onPathPacketSent(bytes: number): void {
    this.bytesToCandidate += bytes;
    this.challengeDue = false;
    this.answerDue = false;
  }

  /** A probe timeout has passed since the candidate was asked: it is asked again, or given up. */
  onChallengeTimeout(nowMs: number, probeTimeoutMs: number): void {
    if (this.challenges < MAX_CHALLENGES) return this.ask(nowMs, probeTimeoutMs);
    if (this.isExcused || nowMs - this.challengeAgainAtMs <= HELD_UP_MS) return this.abandon();
    this.isExcused = true;
    this.challengeAgainAtMs = nowMs + probeTimeoutMs;
  }

  /** A PATH_RESPONSE came from `from`. True when it proves the candidate, which is then the current address. */
  onResponse(bytes: Uint8Array, start: number, from: PeerAddress): boolean {
    const { candidate, challenge } = this;
    if (candidate === undefined || challenge.length === 0 || !candidate.equals(from)) return false;
    for (let i = 0; i < challenge.length; i++) if (bytes[start + i] !== challenge[i]) return false;
    this.current = candidate;
    this.formerLocal = undefined;
    this.migrations += 1;
    this.abandon();
    return true;
  }

  /** Nobody is asked any more; an answer that is under way still proves the candidate. */
  stopChallenges(): void {
    this.isOver = true;
    this.challengeDue = false;
    this.answerDue = false;
    this.challengeAgainAtMs = Infinity;
  }

  abandon(): void {
    this.candidate = undefined;
    this.challenge = EMPTY;
    this.challengeDue = false;
    this.answerDue = false;
    this.isOurChoice = false;
    this.challengeAgainAtMs = Infinity;
  }

  private onCurrent(from: PeerAddress, packetNumber: number, isNewest: boolean, nowMs: number): void {
    if (from !== this.current) this.onOtherLocal(from, packetNumber, isNewest, nowMs);
    if (this.candidate !== undefined && packetNumber >= this.shownBy) this.abandon();
  }

  /**
   * A transport may tell by the object to which of our own addresses the peer speaks: answers leave from there. Anybody
   * may have sent a copy to another one under the peer's address, and be ahead: the same packet calls us back.
   */
  private onOtherLocal(from: PeerAddress, packetNumber: number, isNewest: boolean, nowMs: number): void {
    const sinceMs = nowMs - this.localSinceMs;
    if (from === this.formerLocal && sinceMs < LOCAL_SETTLES_MS) {
      if (packetNumber < this.shownBy) return;
      this.current = from;
      this.formerLocal = undefined;
      return;
    }
    if (!isNewest || sinceMs < MIN_CANDIDATE_INTERVAL_MS) return;
    this.formerLocal = this.current;
    this.current = from;
    this.localSinceMs = nowMs;
    this.shownBy = packetNumber;
  }

  private ask(nowMs: number, probeTimeoutMs: number): void {
    this.challenges += 1;
    this.challengeDue = true;
    this.challengeAgainAtMs = nowMs + probeTimeoutMs;
  }

  private begin(address: PeerAddress, nowMs: number): void {
    this.abandon();
    this.candidate = address;
    this.candidateSinceMs = nowMs;
    this.challenges = 0;
    this.isExcused = false;
    this.bytesFromCandidate = 0;
    this.bytesToCandidate = 0;
  }
}

const EMPTY = new Uint8Array(0);
