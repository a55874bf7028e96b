import type { ByteWriter, Frame, PacketFrames } from "@sortie/wire";
import type { Delivery } from "./delivery.js";
import type { EndpointOptions, EndpointViolation } from "./endpoint-options.js";
import type { RttEstimator } from "./rtt-estimator.js";
import type { SendOptions } from "./send-options.js";
import type { SendReceipt } from "./send-receipt.js";
import type { EndpointStatistics } from "./statistics.js";

export interface InboundMessage {
  readonly payload: Uint8Array;
  readonly channel: number;
  readonly delivery: Delivery;
}

/* eslint-disable @typescript-eslint/no-unused-vars */
export class ReliableEndpoint {
  constructor(_options: EndpointOptions) {}
  send(_payload: Uint8Array, _options: SendOptions | undefined, _nowMs: number): SendReceipt { throw new Error("todo"); }
  buildPacket(_writer: ByteWriter, _nowMs: number): number { throw new Error("todo"); }
  buildProbe(_nowMs: number, _bytes: number): number { throw new Error("todo"); }
  wantsToSend(_nowMs: number): boolean { throw new Error("todo"); }
  requestControl(_bit: number): void { throw new Error("todo"); }
  requestPing(): void { throw new Error("todo"); }
  setMaxDatagramBytes(_bytes: number): void { throw new Error("todo"); }
  canAccept(_frames: PacketFrames, _plaintextBytes: number): boolean { throw new Error("todo"); }
  onAck(_frame: Frame, _bytes: Uint8Array, _nowMs: number): EndpointViolation | undefined { throw new Error("todo"); }
  onMessage(_frame: Frame, _bytes: Uint8Array, _packetNumber: number, _nowMs: number): EndpointViolation | undefined { throw new Error("todo"); }
  onFragment(_frame: Frame, _bytes: Uint8Array, _packetNumber: number, _nowMs: number): EndpointViolation | undefined { throw new Error("todo"); }
  onPacketReceived(_packetNumber: number, _ackEliciting: boolean, _nowMs: number): void { throw new Error("todo"); }
  pollMessage(): InboundMessage | undefined { throw new Error("todo"); }
  nextTimeoutAt(): number { throw new Error("todo"); }
  handleTimeout(_nowMs: number): void { throw new Error("todo"); }
  close(): void { throw new Error("todo"); }
  get rtt(): RttEstimator { throw new Error("todo"); }
  probeTimeoutMs(): number { throw new Error("todo"); }
  get statistics(): EndpointStatistics { throw new Error("todo"); }
}
