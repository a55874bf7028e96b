import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { createCommand, type DemoServerOptions, parseOptions } from "../src/options.js";

/** s that a server takes at the most once its players had their time: flush, answers. */
const END_SECONDS = 3;

const ROOT = join(import.meta.dirname, "..", "..", "..");
const DEPLOY = join(ROOT, "deploy");

interface Port {
  readonly name: string;
  readonly containerPort: number;
  readonly hostPort?: number;
  readonly protocol: "UDP" | "TCP";
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface Container {
  readonly args: string[];
  readonly ports?: Port[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly: boolean }[];
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly securityContext?: object;
}

interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly containers: [Container];
  readonly volumes?: readonly { readonly name: string }[];
  readonly securityContext?: { readonly runAsNonRoot: boolean; readonly runAsUser: number };
}

interface GameServerSpec {
  readonly container: string;
  readonly ports: Port[];
  readonly health: { readonly periodSeconds: number };
  readonly counters: Readonly<Record<string, { readonly capacity: number }>>;
  readonly template: { readonly spec: PodSpec };
}

interface Manifest {
  readonly kind: string;
  readonly spec: unknown;
}

function text(...path: string[]): string {
  return readFileSync(join(DEPLOY, ...path), "utf8");
}

/** All documents of a file; what is no YAML 1.2 throws. */
function manifests(...path: string[]): Map<string, Manifest> {
  const found = new Map<string, Manifest>();
  for (const document of parseAllDocuments(text(...path))) {
    expect([...document.errors, ...document.warnings].map(String)).toEqual([]);
    const manifest = document.toJS() as Manifest;
    found.set(manifest.kind, manifest);
  }
  return found;
}

function specOf<Spec>(kind: string, ...path: string[]): Spec {
  const manifest = manifests(...path).get(kind);
  if (manifest === undefined) throw new Error(`${path.join("/")} expected a ${kind}`);
  return manifest.spec as Spec;
}

/** What the server makes of its arguments; throws for those that it does not take. */
function accepted(args: readonly string[]): DemoServerOptions {
  const command = createCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return parseOptions(["node", "arena-server", ...args], command);
}

/** What holds for each pod with the server. */
function checkPod(pod: PodSpec): DemoServerOptions {
  const [container] = pod.containers;
  const options = accepted(container.args);
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(options.leave + END_SECONDS);
  const mounted = container.volumeMounts?.map(({ mountPath }) => `${mountPath}/`) ?? [];
  for (const file of [options.key, options.certificate, options.dashboardTokenFile]) {
    if (file !== undefined) expect(mounted.some((folder) => file.startsWith(folder))).toBe(true);
  }
  const volumes = pod.volumes?.map(({ name }) => name) ?? [];
  expect(container.volumeMounts?.map(({ name }) => name) ?? []).toEqual(volumes);
  const { dashboard, dashboardHost } = options;
  if (dashboard === undefined) return options;
  // Neither the kubelet nor a scraper reaches the pod's loopback; its address may be one of IPv6.
  expect(dashboardHost).toBe("::");
  expect(options.dashboardTokenFile).toBeDefined();
  expect(container.ports).toContainEqual({ name: "metrics", containerPort: dashboard, protocol: "TCP" });
  return options;
}

const HARDENED = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } };

describe("deployment files", () => {
  it("are all looked at here", () => {
    const files = readdirSync(DEPLOY, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.map(({ name }) => name).sort()).toEqual([
      "90-sortie.conf",
      "Dockerfile",
      "Dockerfile.dockerignore",
      "README.md",
      "arena.yaml",
      "fleet.yaml",
      "gameserver.yaml",
      "sortie-arena.service",
      "sortie-arena.sysusers",
    ]);
  });

  it("Kubernetes: options, ports, probes, files and times fit the server", () => {
    const { template } = specOf<{ template: { spec: PodSpec } }>("DaemonSet", "kubernetes", "arena.yaml");
    const [container] = template.spec.containers;
    const { port } = checkPod(template.spec);
    expect(container.ports).toContainEqual({ name: "game", containerPort: port, hostPort: port, protocol: "UDP" });
    for (const probe of [container.startupProbe, container.livenessProbe]) {
      expect(probe?.httpGet).toEqual({ path: "/healthz", port: "metrics" });
    }
    expect(container.readinessProbe?.httpGet).toEqual({ path: "/readyz", port: "metrics" });
    expect(container.securityContext).toEqual(HARDENED);
    expect(template.spec.securityContext?.runAsNonRoot).toBe(true);
    const policy = specOf<{ ingress: { ports: object[] }[] }>("NetworkPolicy", "kubernetes", "arena.yaml");
    expect(policy.ingress.flatMap(({ ports }) => ports)).toEqual([
      { port, protocol: "UDP" },
      { port: 9474, protocol: "TCP" },
    ]);
  });

  it.each([
    ["Fleet", "fleet.yaml"],
    ["GameServer", "gameserver.yaml"],
  ])("Agones: a %s's options, ports and counter fit the server", (kind, file) => {
    const spec = specOf<GameServerSpec & { template: { spec: GameServerSpec } }>(kind, "agones", file);
    const gameServer: GameServerSpec = kind === "Fleet" ? spec.template.spec : spec;
    const options = checkPod(gameServer.template.spec);
    expect(gameServer.ports).toEqual([
      { name: "game", containerPort: options.port, portPolicy: "Dynamic", protocol: "UDP" },
    ]);
    expect(options.agones).toBe(true);
    expect(gameServer.counters).toEqual({ [options.agonesCounter ?? ""]: { count: 0, capacity: options.maxPeers } });
    // Two pings at least within each period.
    expect(gameServer.health.periodSeconds).toBeGreaterThanOrEqual(4);
  });

  it("systemd: options, files and times fit the server", () => {
    const unit = text("systemd", "sortie-arena.service");
    const value = (name: string): string => new RegExp(`^${name}=(.*)$`, "m").exec(unit)?.[1] ?? "";
    const [node, script, ...args] = value("ExecStart").split(" ");
    expect([node, script]).toEqual(["/usr/bin/node", "/opt/sortie-arena/dist/main.js"]);
    const options = accepted(args);
    expect(Number(value("TimeoutStopSec"))).toBeGreaterThan(options.leave + END_SECONDS);
    expect([value("KillSignal"), value("ExecReload")]).toEqual(["SIGTERM", "/bin/kill -HUP $MAINPID"]);
    // Within the first milliseconds nothing listens to SIGHUP, and on-failure takes it for an end in good order.
    expect([value("Restart"), value("RestartForceExitStatus")]).toEqual(["on-failure", "SIGHUP"]);
    // The steps that are written down make every file that it reads.
    const steps = readFileSync(join(ROOT, "docs/DEPLOYMENT.md"), "utf8");
    for (const file of [options.key, options.certificate, options.dashboardTokenFile]) {
      if (file !== undefined)
        expect(steps).toMatch(new RegExp(`^(install -d .* && npx --no-install sortie|openssl) .*${file}( |$)`, "m"));
    }
    // On this machine alone, unless it says otherwise.
    expect(options.dashboardHost).toBe("127.0.0.1");
    expect(text("systemd", "sortie-arena.sysusers")).toContain(`u ${value("User")} `);
    for (const limit of ["rmem_max", "wmem_max"]) {
      expect(Number(new RegExp(`${limit} = (\\d+)`).exec(text("systemd", "90-sortie.conf"))?.[1])).toBe(
        4 * 1024 * 1024,
      );
    }
  });

  it("Docker: ports, user and signal fit the server", () => {
    const dockerfile = text("docker", "Dockerfile");
    const { port } = accepted([]);
    expect([...dockerfile.matchAll(/^EXPOSE (\S+)$/gm)].map((match) => match[1])).toEqual([`${port}/udp`, "9474/tcp"]);
    const last = dockerfile.slice(dockerfile.lastIndexOf("\nFROM "));
    expect(last).toMatch(/^USER 65532:65532$/m);
    expect(last).toMatch(/^STOPSIGNAL SIGTERM$/m);
    expect(last).toMatch(/^ENTRYPOINT \["\/nodejs\/bin\/node", "\/app\/dist\/main\.js"\]$/m);
    const manifest = JSON.parse(readFileSync(join(ROOT, "apps/demo-server/package.json"), "utf8")) as { name: string };
    expect(dockerfile).toContain(`--filter ${manifest.name} deploy`);
    // Keys never go to the builder.
    expect(text("docker", "Dockerfile.dockerignore").split("\n")).toEqual(expect.arrayContaining(["**/*.key", ".git"]));
  });
});
