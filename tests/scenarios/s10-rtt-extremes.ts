import { Game } from "./lib/play.js";
import { atMost, noFaults, type Outcome, type RunContext, type Scenario } from "./lib/scenario.js";
import { World } from "./lib/world.js";

const SECONDS = 120;
const QUICK_SECONDS = 20;
/** ms after the step: the estimator has settled. */
const SETTLE_MS = 5000;

async function steady(context: RunContext, rttMs: number): Promise<Outcome> {
  const world = new World(context, { link: { latencyMs: rttMs / 2 } });
  await world.listen();
  const startMs = world.clock.now();
  const player = await world.join();
  const connectMs = world.clock.now() - startMs;
  const game = new Game(world, player);
  world.run((context.quick ? QUICK_SECONDS : SECONDS) * 1000);
  game.stop();
  world.run(4 * rttMs + 1000);
  const { endpoint } = player.peer.stats;
  return judge(world, endpoint.spuriousLosses / endpoint.packetsSent, { "connected after, ms": connectMs });
}

async function step(context: RunContext): Promise<Outcome> {
  const world = new World(context, { link: { latencyMs: 10 } });
  await world.listen();
  const player = await world.join();
  const game = new Game(world, player);
  world.run(10_000);
  world.network.setDefaultLink({ latencyMs: 200 });
  const atStep = player.peer.stats.endpoint;
  const { spuriousLosses: lossesAtStep } = { ...atStep };
  world.run(SETTLE_MS);
  const { spuriousLosses, packetsSent } = { ...player.peer.stats.endpoint };
  world.run((context.quick ? QUICK_SECONDS : SECONDS) * 1000);
  const after = player.peer.stats.endpoint;
  const share = (after.spuriousLosses - spuriousLosses) / (after.packetsSent - packetsSent);
  game.stop();
  world.run(3000);
  return judge(world, share, { "spurious losses while it settles": spuriousLosses - lossesAtStep });
}

async function judge(world: World, spurious: number, notes: Record<string, number>): Promise<Outcome> {
  const [player] = world.players as [(typeof world.players)[0] & object];
  const { toClient, toServer } = player;
  const faults = [
    toClient.ordered.orderedFaults(),
    toServer.ordered.orderedFaults(),
    toClient.unreliable.orderedFaults(),
    toServer.unreliable.orderedFaults(),
  ];
  await world.end();
  return {
    checks: [
      noFaults("connects, stays, delivers all", [...world.faults, ...faults]),
      atMost("spurious retransmissions", spurious, 0.02, "%"),
    ],
    notes,
  };
}

export const s10: Scenario = {
  id: "S10",
  title: "RTT 1.5 s, 1 ms, and a step from 20 to 400 ms",
  engine: "client and server",
  conditions: "game traffic for 2 min; the step after 10 s, its share from 5 s later on; the server's side",
  variants: () => [
    { name: "RTT 1.5 s", run: (context) => steady(context, 1500) },
    { name: "RTT 1 ms", run: (context) => steady(context, 1) },
    { name: "20 to 400 ms", run: step },
  ],
};
