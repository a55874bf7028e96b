import {
  type ByteWriter,
  closeLastFrame,
  DeliveryCode,
  encodeFragment,
  encodeMessage,
  MAX_FRAMES_PER_PACKET,
} from "@sortie/wire";
import { AckUrgency } from "./ack-urgency.js";
import { cutPiece } from "./fragmenter.js";
import type { OutgoingMessage } from "./outgoing-message.js";
import type { SentPackets } from "./sent-packets.js";
import type { MutableStatistics } from "./statistics.js";

/** Frames before the messages: 15 control bits, four CREDITs, ACK and PING at most. */
const RESERVED_FRAMES = 21;

/**
 * Writes message frames into the packet being built and records them with it. One serves all connections of a thread:
 * a packet is finished before another begins.
 */
export class MessageWriter {
  private sent: SentPackets | undefined = undefined;
  private statistics: MutableStatistics | undefined = undefined;
  private writer: ByteWriter | undefined = undefined;
  private packetNumber = -1;
  private frameStart = 0;
  private framePayload = 0;
  private frameCount = 0;
  private lastFrameBytes = 0;
  private sealed = false;
  private isPrompt = false;

  /** Message frames of this packet. */
  get frames(): number {
    return this.frameCount;
  }

  /** How soon this packet's messages want to be acknowledged. */
  get urgency(): AckUrgency {
    if (this.isPrompt) return AckUrgency.Prompt;
    return this.frameCount > 0 ? AckUrgency.Relaxed : AckUrgency.None;
  }

  /** bytes of the frame written last, its length field included. */
  get frameBytes(): number {
    return this.lastFrameBytes;
  }

  /** Whether this packet carries something of the message. */
  carries(message: OutgoingMessage): boolean {
    return message.lastPacketNumber === this.packetNumber;
  }

  /** Whether no further frame may come. */
  get isFull(): boolean {
    return this.sealed || this.frameCount >= MAX_FRAMES_PER_PACKET - RESERVED_FRAMES;
  }

  /** @param sent where it is recorded, as its `nextNumber` */
  begin(writer: ByteWriter, packetNumber: number, sent: SentPackets, statistics: MutableStatistics): void {
    this.sent = sent;
    this.statistics = statistics;
    this.writer = writer;
    this.packetNumber = packetNumber;
    this.frameCount = 0;
    this.sealed = false;
    this.isPrompt = false;
  }

  /** Whether the whole message fits in what is left of the packet. */
  fitsWhole(message: OutgoingMessage): boolean {
    return this.writer !== undefined && message.wholeFrameBytes <= this.writer.remaining;
  }

  /** Writes the whole message; it fits. */
  writeWhole(message: OutgoingMessage): void {
    const writer = this.writer as ByteWriter;
    const start = writer.offset;
    this.encodeWhole(message, writer);
    this.record(message, start, 0, message.totalBytes, message.lastPacketNumber >= 0);
  }

  /** Where a piece `[from, ..)` that need not go beyond `to` would end here; -1 when it has no place. */
  pieceEnd(message: OutgoingMessage, from: number, to: number): number {
    const writer = this.writer as ByteWriter;
    return cutPiece(message.totalBytes, from, to, writer.remaining);
  }

  /** Writes the piece `[from, to)`, whose end `pieceEnd` gave. */
  writePiece(message: OutgoingMessage, from: number, to: number): void {
    const writer = this.writer as ByteWriter;
    const start = writer.offset;
    if (from === 0 && to === message.totalBytes) {
      this.encodeWhole(message, writer);
    } else {
      const { payloadStart, totalBytes } = message;
      const payload = (message.payload as Uint8Array).subarray(payloadStart, payloadStart + totalBytes);
      encodeFragment(writer, message.delivery, message.channel, message.id & 0xffff, payload, from, to);
      (this.statistics as MutableStatistics).fragmentsSent += 1;
    }
    // Sequenced messages rank by their first piece, which therefore must end its packet.
    if (message.delivery === DeliveryCode.Sequenced && from === 0) this.sealed = true;
    this.record(message, start, from, to, from < message.sentBytes);
  }

  /** Ends the packet: its last frame needs no length. */
  end(): void {
    if (this.frameCount > 0) closeLastFrame(this.writer as ByteWriter, this.frameStart, this.framePayload);
    this.writer = undefined;
    // So that it keeps no connection alive.
    this.sent = undefined;
    this.statistics = undefined;
  }

  private encodeWhole(message: OutgoingMessage, writer: ByteWriter): void {
    const { delivery, channel, payloadStart, totalBytes } = message;
    const payload = message.payload as Uint8Array;
    encodeMessage(writer, delivery, channel, message.id & 0xffff, payload, payloadStart, payloadStart + totalBytes);
  }

  private record(message: OutgoingMessage, start: number, from: number, to: number, again: boolean): void {
    (this.sent as SentPackets).addItem(message, from, to);
    message.lastPacketNumber = this.packetNumber;
    this.frameStart = start;
    this.lastFrameBytes = (this.writer as ByteWriter).offset - start;
    this.framePayload = to - from;
    this.frameCount += 1;
    if (message.retransmits) this.isPrompt = true;
    if (!again) return;
    const statistics = this.statistics as MutableStatistics;
    statistics.retransmittedMessages += 1;
    statistics.retransmittedBytes += to - from;
  }
}
