import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AgonesRunner, runWithAgones } from "@sortie/agones";
import { type Cluster, createCluster } from "@sortie/cluster";
import { connect, generateIdentity, saveIdentity } from "sortie";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BuiltProcess, buildProcess } from "../support/built-process.js";
import { recordingLogger } from "../support/recording-logger.js";
import { AgonesStandIn } from "./stand-in.js";

const PORT_VARIABLE = "AGONES_SDK_GRPC_PORT";
/** ms. Processes start while the machine is busy with other work. */
const PATIENCE_MS = 60_000;

let entry: BuiltProcess;
let standIn: AgonesStandIn;
let cluster: Cluster;
let runner: AgonesRunner | undefined;
let folder: string;
let before: string | undefined;
const outcomes: unknown[] = [];
const identity = generateIdentity();

beforeAll(async () => {
  entry = await buildProcess(new URL("processes/worker.ts", import.meta.url));
  folder = await mkdtemp(join(tmpdir(), "sortie-agones-"));
  const key = join(folder, "root.key");
  await saveIdentity(identity, key);
  before = process.env[PORT_VARIABLE];
  standIn = new AgonesStandIn();
  await standIn.start();
  process.env[PORT_VARIABLE] = String(standIn.port);
  cluster = createCluster({ entry: entry.path, workers: 1, host: "127.0.0.1", port: 0, data: key });
  cluster.on("message", (outcome) => outcomes.push(outcome));
  await cluster.listen();
}, PATIENCE_MS);

afterAll(async () => {
  runner?.close();
  await cluster.close();
  standIn.stop();
  if (before === undefined) delete process.env[PORT_VARIABLE];
  else process.env[PORT_VARIABLE] = before;
  await Promise.all([entry.remove(), rm(folder, { recursive: true })]);
}, PATIENCE_MS);

describe("a real cluster under Agones", () => {
  it.runIf(process.platform === "linux")("is refused in a worker, which is told what to do instead", async () => {
    await expect
      .poll(() => outcomes, { timeout: PATIENCE_MS })
      .toEqual([
        expect.stringMatching(/^Error: .* that is no worker, .*: call runWithAgones\(cluster\) in the main process/),
      ]);
  });

  it(
    "is ready, counts the peers of its workers, and is told to Agones when it begins to close",
    async () => {
      runner = runWithAgones(cluster, { counter: "players", logger: recordingLogger("info").logger });
      await standIn.until(() => standIn.state === "Ready" && standIn.counters.get("players") === 0);
      const { port } = cluster.address ?? { port: 0 };
      await connect({ host: "127.0.0.1", port, protocol: "echo/1", serverKey: identity.publicKey });
      await standIn.until(() => standIn.counters.get("players") === 1);
      const closed = cluster.close({ leaveMs: PATIENCE_MS });
      // While its peer may still leave.
      await standIn.until(() => standIn.state === "Shutdown");
      expect(cluster.address).toBeDefined();
      void cluster.close({ leaveMs: 0 });
      await closed;
    },
    PATIENCE_MS,
  );
});
