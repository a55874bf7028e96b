import {
  AckUrgency,
  ByteBudget,
  DELIVERIES,
  type EndpointOptions,
  ReliableEndpoint,
  type SendOptions,
  urgencyOf,
} from "@sortie/reliability";
import { ByteWriter, FrameKind, PacketFrames } from "@sortie/wire";
import { FRAME_WORDS, frameSeeds } from "../lib/frame-words.js";
import { Program } from "../lib/program.js";
import { Random } from "../lib/random.js";
import { Settling } from "../lib/settling.js";
import { check, type FuzzTarget } from "../lib/target.js";

const MAX_PACKET_BYTES = 1427;
/** Small caps, so that programs reach them. */
const LIMITS = {
  maxQueuedBytes: 8192,
  maxQueuedMessages: 16,
  maxInboxMessages: 8,
  maxInboxBytes: 4096,
  unreliableReassemblyBytes: 2048,
  unreliableReassemblySets: 4,
};
const MAX_MESSAGE_BYTES = 2048;
const BUDGET_BYTES = 16_384;
const WINDOW_BYTES = 4096;
/** ms. Before, nobody may go beyond the budget in its turn; then up to its bound. */
const TURN_AFTER_MS = 1000;
const BEYOND_BYTES = 3 * WINDOW_BYTES + 512 * 1024;
/** bytes charged at the most for a frame on top of its payload: a set, a chunk and, where it fills holes, stretches. */
const OVERHEAD_PER_FRAME = 1024 + 256 + 1452 + 3 * 48;
/** bytes of reliable and ordered messages that may wait unread: four times the receive window and 320 KiB. */
const CREDIT_BYTES = 4 * (WINDOW_BYTES + 320 * 1024);
const MAX_TRANSMITS = 64;

/**
 * The frame layer behind decryption: a peer with valid keys says whatever it likes to an endpoint that also sends. It
 * never throws, holds no more than came and no more than its caps, and after its end holds nothing.
 */
export const endpointFrames: FuzzTarget = {
  name: "endpoint-frames",
  maxBytes: 1024,
  freshRuns: 100,
  dictionary: FRAME_WORDS,
  seeds: () => {
    // Sends one message of each delivery, transmits, then gets the packet.
    const start = [4, 0, 8, 4, 1, 8, 4, 2, 8, 4, 3, 200, 4, 4, 8, 5];
    return frameSeeds().map((frames) => Uint8Array.from([...start, 0, frames.length, ...frames]));
  },
  async run(input) {
    const session = new Session();
    const program = new Program(input);
    while (!program.isOver && session.isOpen) {
      session.step(program);
      session.checkCaps();
    }
    await session.end();
  },
};

class Session {
  isOpen = true;
  private readonly budget = new ByteBudget(BUDGET_BYTES);
  private readonly endpoint: ReliableEndpoint;
  private readonly frames = new PacketFrames();
  private readonly writer = new ByteWriter();
  private readonly buffer = new Uint8Array(MAX_PACKET_BYTES);
  private readonly settling = new Settling();
  private nowMs = 0;
  private packetNumber = -1;
  private receivedBytes = 0;
  private receivedFrames = 0;

  constructor() {
    const random = new Random(1);
    const options: EndpointOptions = {
      randomU32: () => random.u32(),
      localMaxAckDelayMs: 25,
      peerMaxAckDelayMs: 25,
      maxDatagramBytes: 1200,
      peerMaxMessageBytes: MAX_MESSAGE_BYTES,
      peerReceiveWindowBytes: 8192,
      maxMessageBytes: MAX_MESSAGE_BYTES,
      receiveWindowBytes: WINDOW_BYTES,
      limits: LIMITS,
      reassemblyBudget: this.budget,
      control: { bytesOf: () => 0, write: () => undefined, onAcked: () => undefined, resends: () => false },
    };
    this.endpoint = new ReliableEndpoint(options);
  }

  step(program: Program): void {
    const kind = program.u8();
    switch (kind & 7) {
      default:
        this.packetNumber += 1 + (kind >> 5);
        return this.receive(program.block());
      case 4:
        return this.send(program);
      case 5:
        return this.transmit();
      case 6:
        return this.wait(2 ** (kind >> 4));
      case 7:
        for (let left = kind >> 3; left > 0 && this.endpoint.pollMessage() !== undefined; left--);
    }
  }

  checkCaps(): void {
    const { heldBytes, inboxBytes } = this.endpoint.statistics;
    const most = BUDGET_BYTES + (this.nowMs < TURN_AFTER_MS ? 0 : BEYOND_BYTES);
    check(this.budget.used <= most, `${this.budget.used} bytes of the process budget`);
    check(this.budget.used === heldBytes, `${heldBytes} bytes held, ${this.budget.used} charged`);
    // Chunks double.
    const came = 2 * this.receivedBytes + this.receivedFrames * OVERHEAD_PER_FRAME;
    check(heldBytes <= came, `${heldBytes} bytes held, ${came} came`);
    const inboxCap = LIMITS.maxInboxBytes + CREDIT_BYTES;
    check(inboxBytes <= inboxCap, `${inboxBytes} bytes in the inbox, of ${inboxCap}`);
    const { queuedBytes } = this.endpoint.statistics;
    check(queuedBytes <= LIMITS.maxQueuedBytes + MAX_MESSAGE_BYTES, `${queuedBytes} bytes queued`);
    const timeoutAt = this.endpoint.nextTimeoutAt();
    check(!Number.isNaN(timeoutAt), "the timeout is no number");
  }

  async end(): Promise<void> {
    this.endpoint.close();
    while (this.endpoint.pollMessage() !== undefined);
    const { statistics } = this.endpoint;
    const left = [
      statistics.heldBytes,
      statistics.reassembliesActive,
      statistics.inboxBytes,
      statistics.inboxMessages,
      statistics.queuedBytes,
      statistics.queuedMessages,
      statistics.packetsInFlight,
      statistics.bytesInFlight,
      this.budget.used,
      this.endpoint.undelivered,
    ];
    check(
      left.every((value) => value === 0),
      `left after the end: ${left.join()}`,
    );
    await this.settling.expectAll();
  }

  /** As a connection does it: decode whole, ask for room, apply, count as received. */
  private receive(packet: Uint8Array): void {
    const { endpoint, frames, nowMs } = this;
    if (frames.decode(packet, 0, packet.length) !== undefined) return;
    if (!endpoint.canAccept(frames, nowMs)) return;
    this.receivedBytes += packet.length;
    this.receivedFrames += frames.count;
    let urgency: AckUrgency = AckUrgency.None;
    for (let i = 0; i < frames.count; i++) {
      const frame = frames.at(i);
      urgency = Math.max(urgency, urgencyOf(frame)) as AckUrgency;
      let violation: string | undefined;
      if (frame.kind === FrameKind.Ack) violation = endpoint.onAck(frame, packet, nowMs);
      if (frame.kind === FrameKind.Credit) endpoint.onCredit(frame, nowMs);
      if (frame.kind === FrameKind.Message) violation = endpoint.onMessage(frame, packet, this.packetNumber, nowMs);
      if (frame.kind === FrameKind.Fragment) violation = endpoint.onFragment(frame, packet, this.packetNumber, nowMs);
      if (violation !== undefined) {
        this.isOpen = false;
        return;
      }
    }
    endpoint.onPacketReceived(this.packetNumber, urgency, nowMs);
  }

  private send(program: Program): void {
    const how = program.u8();
    const delivery = DELIVERIES[how % DELIVERIES.length]?.name ?? "unreliable";
    const payload = new Uint8Array(program.u8() * (how & 0x80 ? 16 : 1));
    const options: SendOptions = { delivery, channel: (how >> 3) & 3, priority: (how >> 5) & 3 };
    this.settling.add(this.endpoint.send(payload, options, this.nowMs));
  }

  private transmit(): void {
    for (let sent = 0; sent < MAX_TRANSMITS; sent++) {
      this.writer.reset(this.buffer, 0, 1175);
      if (this.endpoint.buildPacket(this.writer, this.nowMs) < 0) return;
    }
    check(false, `more than ${MAX_TRANSMITS} packets at one instant`);
  }

  private wait(ms: number): void {
    const endMs = this.nowMs + ms;
    for (let turns = 0; this.endpoint.nextTimeoutAt() <= endMs; turns++) {
      check(turns < 10_000, "timeouts without end");
      this.nowMs = Math.max(this.nowMs, this.endpoint.nextTimeoutAt());
      this.endpoint.handleTimeout(this.nowMs);
      this.transmit();
    }
    this.nowMs = endMs;
  }
}
