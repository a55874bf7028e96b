import type { CongestionContext } from "@sortie/connection";
import { AdaptiveRate, type CongestionController, FixedBudget, NewReno } from "@sortie/reliability";

/** A controller's parameters as an option of client and server. */
type ControllerOptions = {
  readonly createCongestionController?: (context: CongestionContext) => CongestionController;
};

/** The congestion controllers that scenarios can be run with, by the name on the command line. */
export const CONTROLLERS = {
  /** What client and server use when nothing is said. */
  default: (): ControllerOptions => ({}),
  adaptive: (): ControllerOptions => ({ createCongestionController: (context) => new AdaptiveRate(context) }),
  "new-reno": (): ControllerOptions => ({ createCongestionController: (context) => new NewReno(context) }),
  /** 8 MiB/s, whatever the network answers. */
  fixed: (): ControllerOptions => ({ createCongestionController: () => new FixedBudget() }),
} satisfies Record<string, () => ControllerOptions>;

/** The same for a bare connection, which has no ticks and no cap. */
export function connectionController(name: ControllerName): {
  readonly createCongestionController?: () => CongestionController;
} {
  const { createCongestionController } = CONTROLLERS[name]();
  if (createCongestionController === undefined) return {};
  const context: CongestionContext = { maxRateBytesPerSecond: 1e9, flushIntervalMs: 0 };
  return { createCongestionController: () => createCongestionController(context) };
}

export type ControllerName = keyof typeof CONTROLLERS;

export const CONTROLLER_NAMES = Object.keys(CONTROLLERS) as readonly ControllerName[];
