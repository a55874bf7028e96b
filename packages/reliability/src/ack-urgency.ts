import { DeliveryCode, type Frame, FrameKind } from "@sortie/wire";

/** How soon a packet wants to be acknowledged. */
export const AckUrgency = {
  /** Not ack-eliciting. */
  None: 0,
  /** Nothing in it is ever sent again: its sender is in no hurry. */
  Relaxed: 1,
  /** Somebody waits for the acknowledgement. */
  Prompt: 2,
} as const;
export type AckUrgency = (typeof AckUrgency)[keyof typeof AckUrgency];

/**
 * ms beyond the promised delay that the ACK of relaxed packets may wait for company: most games say something to each
 * other within that time, and the ACK goes along. docs/PROTOCOL.md section 7.1.
 */
export const RELAXED_ACK_MS = 75;

/** What a frame asks of the packet that it is in. */
export function urgencyOf(frame: Frame): AckUrgency {
  switch (frame.kind) {
    case FrameKind.Ack:
    case FrameKind.Padding:
    case FrameKind.Close:
      return AckUrgency.None;
    case FrameKind.Message:
    case FrameKind.Fragment:
      return frame.delivery < DeliveryCode.BestEffort ? AckUrgency.Relaxed : AckUrgency.Prompt;
    default:
      return AckUrgency.Prompt;
  }
}
