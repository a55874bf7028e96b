import type { PresetName } from "@sortie/transport-memory";
import { playGame } from "./lib/played.js";
import { atMost, noFaults, type Outcome, type RunContext, type Scenario } from "./lib/scenario.js";

const SECONDS = 3600;
const QUICK_SECONDS = 20;

async function run(context: RunContext, preset: PresetName): Promise<Outcome> {
  const played = await playGame(context, preset, context.quick ? QUICK_SECONDS : SECONDS);
  return {
    checks: [
      noFaults("ordered exactly once and in order, unreliable never twice, no disconnect", played.faults),
      atMost("unreliable delivered below 1 - loss", played.shortfall, 0.005, "%"),
    ],
    notes: { messages: played.messages, "ordered p99, ms": played.orderedP99Ms },
  };
}

export const s11: Scenario = {
  id: "S11",
  title: "Gilbert-Elliott Wi-Fi and mobile presets, 1 h",
  engine: "client and server",
  conditions: 'game traffic over the link presets "wifi" and "mobile-4g" both ways',
  variants: () => [
    { name: "wifi", run: (context) => run(context, "wifi") },
    { name: "mobile-4g", run: (context) => run(context, "mobile-4g") },
  ],
};
