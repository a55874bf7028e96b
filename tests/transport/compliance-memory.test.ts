import { testTransport } from "@sortie/testkit";
import { createNetwork, type MemoryNetwork } from "@sortie/transport-memory";
import { describe, it } from "vitest";

/** ms of virtual time, by steps, that a case may wait for something. */
const PATIENCE_MS = 2000;
const STEP_MS = 10;

/** Lets virtual time and promises go on until `done()`, or patience ends. */
async function settle(network: MemoryNetwork, done: () => boolean): Promise<void> {
  for (let waitedMs = 0; !done() && waitedMs < PATIENCE_MS; waitedMs += STEP_MS) await network.clock.run(STEP_MS);
}

// All transports share a host, as UDP sockets on one machine do, so that their ports can collide.
for (const [name, link] of [
  ["an ideal memory network", {}],
  ["a memory network with delay", { latencyMs: 30 }],
] as const) {
  testTransport({
    name,
    runner: { describe, it },
    setup: () => {
      const network = createNetwork({ seed: 20, link });
      return {
        createTransport: ({ port = 0 }) => network.createTransport({ host: "10.0.0.1", port }),
        settle: (done) => settle(network, done),
      };
    },
  });
}
