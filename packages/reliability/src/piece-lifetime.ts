import { DeliveryCode } from "@sortie/wire";

/** ms that pieces may be later than the first one was: queues on the way that filled meanwhile. */
const LATER_MS = 1000;
/**
 * ms from the first piece to arrive until the receiver gives an unreliable or sequenced message up. Later than this it
 * is of no use to a game.
 */
export const UNRELIABLE_AGE_MS = 5000;
/** ms. The same for bestEffort messages. Longer than deadlines usually are; a sender's own deadline comes first. */
export const BEST_EFFORT_AGE_MS = 30_000;

/**
 * ms from the first piece to leave until the sender gives up what has not left, so that no piece is acknowledged of a
 * message that its receiver gave up before; Infinity for messages that no receiver gives up.
 */
export function pieceLifetimeMs(delivery: DeliveryCode): number {
  if (delivery === DeliveryCode.BestEffort) return BEST_EFFORT_AGE_MS - LATER_MS;
  const isLossy = delivery === DeliveryCode.Unreliable || delivery === DeliveryCode.Sequenced;
  return isLossy ? UNRELIABLE_AGE_MS - LATER_MS : Infinity;
}
