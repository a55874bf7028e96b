import type { CongestionController } from "@sortie/reliability";
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

/** What an application's factory gave. Throws TypeError, which names the option, for what is no controller. */
export function checkedController(controller: CongestionController): CongestionController {
  checkMethods("createCongestionController", controller, EXPECTED, METHODS);
  const missing = NUMBERS.filter((name) => typeof controller[name] !== "number");
  if (missing.length === 0) return controller;
  throw new TypeError(`"createCongestionController" expected ${EXPECTED}, got ${withoutParts(controller, missing)}`);
}
