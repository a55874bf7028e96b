import { type ByteWriter, encodeCredit, varintBytes } from "@sortie/wire";
import { channelWindowBytes, connectionWindowBytes, creditCost, SMALL_SHARE_BYTES } from "./credit.js";

/** CREDIT frames of one packet; the next packet has room for more. */
const MAX_FRAMES = 4;
/**
 * Packets with CREDIT frames are counted by 16 bits. At most 2048 packets are remembered at once, so that none is taken
 * for another.
 */
const ORDINAL_MASK = 0xffff;
const NONE = -1;

/** bytes since the connection began. */
class ChannelAccount {
  readonly channel: number;
  received = 0;
  read = 0;
  /** Limit that the peer was told last. */
  told: number;
  /** Ordinal of the packet that told it; NONE once that packet was acknowledged or lost. */
  toldIn = NONE;
  /** Whether a CREDIT frame is to go. */
  pending = false;

  constructor(channel: number, told: number) {
    this.channel = channel;
    this.told = told;
  }
}

/**
 * Receiver's account of reliable and ordered messages: what came, what the application has read, and what the peer was
 * told that it may send. A limit is what was read plus a window, so that what waits unread never exceeds the window.
 */
export class ReceiveCredit {
  private readonly channelWindow: number;
  private readonly connectionWindow: number;
  /** bytes read until the peer is told. */
  private readonly channelStep: number;
  private readonly connectionStep: number;
  private readonly accounts: (ChannelAccount | undefined)[] = [];
  private readonly known: ChannelAccount[] = [];
  private received = 0;
  private read = 0;
  private told: number;
  private pendingCount = 0;
  /** Ordinal of the next packet with CREDIT frames. */
  private ordinal = 0;

  constructor(receiveWindowBytes: number, maxMessageBytes: number) {
    const largest = creditCost(maxMessageBytes) + SMALL_SHARE_BYTES;
    this.channelWindow = channelWindowBytes(receiveWindowBytes);
    this.connectionWindow = connectionWindowBytes(receiveWindowBytes);
    // A quarter, but never so much that the largest message would wait while nothing is unread.
    this.channelStep = Math.min(this.channelWindow / 4, this.channelWindow - largest);
    this.connectionStep = Math.min(this.connectionWindow / 4, this.connectionWindow - largest);
    this.told = this.connectionWindow;
  }

  /** Whether CREDIT frames are to go. */
  get isPending(): boolean {
    return this.pendingCount > 0;
  }

  /** A message came whole and new. False when the peer had no credit for it. */
  onReceived(channel: number, payloadBytes: number): boolean {
    const cost = creditCost(payloadBytes);
    const account = this.of(channel);
    account.received += cost;
    this.received += cost;
    return account.received <= account.told && this.received <= this.told;
  }

  /** The application took a message. */
  onRead(channel: number, payloadBytes: number): void {
    const cost = creditCost(payloadBytes);
    const account = this.of(channel);
    account.read += cost;
    this.read += cost;
    const isDue =
      account.read + this.channelWindow - account.told >= this.channelStep ||
      this.read + this.connectionWindow - this.told >= this.connectionStep;
    if (isDue) this.setPending(account);
  }

  /** bytes of the next CREDIT frame; 0 when none is to go. */
  get frameBytes(): number {
    const account = this.next();
    if (account === undefined) return 0;
    return 2 + varintBytes(account.read + this.channelWindow) + varintBytes(this.read + this.connectionWindow);
  }

  /**
   * Writes the frames that are to go, as many as fit.
   * @returns the ordinal (0..65535) by which `onAcked` and `onLost` know the packet, -1 when nothing was written
   */
  write(writer: ByteWriter): number {
    const { ordinal } = this;
    let frames = 0;
    for (; frames < MAX_FRAMES; frames++) {
      const bytes = this.frameBytes;
      if (bytes === 0 || bytes > writer.remaining) break;
      const account = this.next() as ChannelAccount;
      account.pending = false;
      this.pendingCount -= 1;
      account.told = account.read + this.channelWindow;
      account.toldIn = ordinal;
      this.told = this.read + this.connectionWindow;
      encodeCredit(writer, account.channel, account.told, this.told);
    }
    if (frames === 0) return NONE;
    this.ordinal = (ordinal + 1) & ORDINAL_MASK;
    return ordinal;
  }

  /** The packet of `ordinal` arrived: what was told in it need not go again. */
  onAcked(ordinal: number): void {
    for (const account of this.known) if (account.toldIn === ordinal) account.toldIn = NONE;
  }

  /**
   * The packet of `ordinal` was lost: channels of which a later packet told go without, the others are told again. So
   * are no more frames sent than were lost, and the highest limits always arrive: those of a channel were in the packet
   * that told of it last, that of the connection in the last of all.
   */
  onLost(ordinal: number): void {
    for (const account of this.known) {
      if (account.toldIn !== ordinal) continue;
      account.toldIn = NONE;
      this.setPending(account);
    }
  }

  /**
   * No acknowledgement comes: what may be lost longest goes again, a packet of it and no more, as no congestion control
   * holds CREDIT frames back. The first acknowledgement tells what became of the rest.
   */
  onProbeTimeout(): void {
    while (this.pendingCount < MAX_FRAMES) {
      const account = this.oldestUnanswered();
      if (account === undefined) return;
      this.setPending(account);
    }
  }

  close(): void {
    for (const account of this.known) {
      account.pending = false;
      account.toldIn = NONE;
    }
    this.pendingCount = 0;
  }

  /** Of the channels that are not to be told of anyway, the one told of longest ago without an answer. */
  private oldestUnanswered(): ChannelAccount | undefined {
    let oldest: ChannelAccount | undefined = undefined;
    let oldestAge = 0;
    for (const account of this.known) {
      if (account.toldIn === NONE || account.pending) continue;
      // At least 1: `ordinal` is that of a packet to come.
      const age = (this.ordinal - account.toldIn) & ORDINAL_MASK;
      if (age <= oldestAge) continue;
      oldest = account;
      oldestAge = age;
    }
    return oldest;
  }

  private setPending(account: ChannelAccount): void {
    if (account.pending) return;
    account.pending = true;
    this.pendingCount += 1;
  }

  private next(): ChannelAccount | undefined {
    if (this.pendingCount === 0) return undefined;
    for (const account of this.known) if (account.pending) return account;
    return undefined;
  }

  private of(channel: number): ChannelAccount {
    let account = this.accounts[channel];
    if (account === undefined) {
      account = new ChannelAccount(channel, this.channelWindow);
      this.accounts[channel] = account;
      this.known.push(account);
    }
    return account;
  }
}
