import { DeliveryCode } from "@sortie/wire";

/** How a message travels. docs/PROTOCOL.md section 6 has the table of what each mode promises. */
export type Delivery = "unreliable" | "sequenced" | "bestEffort" | "reliable" | "ordered";

/** What a delivery mode does, one row of the table. */
export interface DeliveryTraits {
  readonly name: Delivery;
  readonly code: DeliveryCode;
  /** Lost data is sent again, and the queue refuses rather than drops it. */
  readonly retransmits: boolean;
  /** The receiver hands messages over in the order of sending, all of them. */
  readonly ordered: boolean;
  /** Messages carry an ID by which the receiver knows one again. */
  readonly hasId: boolean;
  /** Whether `expiresInMs` may be given. */
  readonly mayExpire: boolean;
  /** ms until a message is given up when `expiresInMs` is not given; Infinity: never. */
  readonly defaultExpiresInMs: number;
}

/** ms. A hit marker older than a second says nothing any more. */
const BEST_EFFORT_EXPIRES_MS = 1000;

/** The five modes, indexed by their code on the wire. */
export const DELIVERIES: readonly DeliveryTraits[] = [
  row("unreliable", DeliveryCode.Unreliable, false, false, false, true, Infinity),
  row("sequenced", DeliveryCode.Sequenced, false, false, false, true, Infinity),
  row("bestEffort", DeliveryCode.BestEffort, true, false, true, true, BEST_EFFORT_EXPIRES_MS),
  row("reliable", DeliveryCode.Reliable, true, false, true, false, Infinity),
  row("ordered", DeliveryCode.Ordered, true, true, true, false, Infinity),
];

function row(
  name: Delivery,
  code: DeliveryCode,
  retransmits: boolean,
  ordered: boolean,
  hasId: boolean,
  mayExpire: boolean,
  defaultExpiresInMs: number,
): DeliveryTraits {
  return { name, code, retransmits, ordered, hasId, mayExpire, defaultExpiresInMs };
}

/** The row of a code that came from the wire or from {@link deliveryCodeOf}. */
export function deliveryTraits(code: DeliveryCode): DeliveryTraits {
  return DELIVERIES[code] as DeliveryTraits;
}

/** Whether lost data of this delivery is sent again. */
export function retransmits(code: DeliveryCode): boolean {
  return code >= DeliveryCode.BestEffort;
}

/** The code of a mode, undefined for any other value. */
export function deliveryCodeOf(name: unknown): DeliveryCode | undefined {
  switch (name) {
    case "unreliable":
      return DeliveryCode.Unreliable;
    case "sequenced":
      return DeliveryCode.Sequenced;
    case "bestEffort":
      return DeliveryCode.BestEffort;
    case "reliable":
      return DeliveryCode.Reliable;
    case "ordered":
      return DeliveryCode.Ordered;
    default:
      return undefined;
  }
}
