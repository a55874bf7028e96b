// The layer picture of docs/ARCHITECTURE.md as rules: imports go down it only.

/** Each package and the workspace packages that its sources may import. */
const LAYERS = {
  wire: [],
  handshake: ["wire"],
  certificates: ["handshake", "wire"],
  capture: ["handshake", "transport", "wire"],
  reliability: ["wire"],
  connection: ["handshake", "reliability", "wire"],
  transport: [],
  "transport-dgram": ["transport"],
  "transport-mmsg": ["transport", "transport-dgram"],
  "transport-memory": ["transport"],
  client: ["connection", "handshake", "reliability", "transport", "wire"],
  server: ["connection", "handshake", "reliability", "transport", "wire"],
  metrics: ["client", "connection", "reliability", "server", "transport"],
  tokens: ["connection", "server"],
  agones: ["connection", "server"],
  testkit: ["client", "connection", "handshake", "reliability", "server", "transport", "transport-memory", "wire"],
  sortie: [
    "capture",
    "certificates",
    "client",
    "connection",
    "handshake",
    "reliability",
    "server",
    "transport",
    "transport-dgram",
    "transport-memory",
    "transport-mmsg",
    "wire",
  ],
  cluster: ["connection", "reliability", "server", "sortie", "transport", "wire"],
};

const layerRules = Object.entries(LAYERS).map(([name, below]) => ({
  name: `layer-${name}`,
  comment: `${name} may import ${below.length > 0 ? below.join(", ") : "no other package of the workspace"}`,
  severity: "error",
  from: { path: `^packages/${name}/src/` },
  to: { path: "^(packages|apps|tests|bench|examples|fuzz)/", pathNot: `^packages/(${[name, ...below].join("|")})/` },
}));

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    ...layerRules,
    {
      name: "known-package",
      comment: "a new package needs its place in the layer picture",
      severity: "error",
      from: { path: "^packages/", pathNot: `^packages/(${Object.keys(LAYERS).join("|")})/` },
      to: {},
    },
    {
      name: "no-cycles",
      comment: "type-only cycles count as well: they hide two concepts in one",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-own-index",
      severity: "error",
      from: { path: "^(packages|apps)/([^/]+)/src/" },
      to: { path: "^$1/$2/src/index[.]ts$" },
    },
    {
      name: "packages-by-name",
      comment: "another package is imported by its name, never by a path into its src or dist",
      severity: "error",
      from: { path: "^((?:packages|apps|examples)/[^/]+|tests|bench|fuzz)/" },
      to: { path: "^(packages|apps)/[^/]+/", pathNot: "^$1/", dependencyTypes: ["local"] },
    },
    {
      name: "sources-do-not-import-tests",
      severity: "error",
      from: { path: "^(packages|apps)/[^/]+/src/" },
      to: { path: "^(packages|apps)/[^/]+/test/" },
    },
    {
      name: "declared-dependencies",
      comment: "what a package imports at run time stands in its own dependencies",
      severity: "error",
      from: { path: "^(packages|apps)/[^/]+/(src|bin)/" },
      // an optional peer stands in devDependencies too, for the tests
      to: {
        dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown", "npm-optional"],
        dependencyTypesNot: ["npm-peer"],
      },
    },
    {
      name: "resolvable",
      comment: "a package's bin starts its own build, which need not be there yet",
      severity: "error",
      from: { pathNot: "^packages/[^/]+/bin/" },
      to: { couldNotResolve: true },
    },
    {
      name: "no-orphans",
      comment: "a source that nothing imports and that is no entry point",
      severity: "error",
      from: {
        orphan: true,
        path: "^(packages|apps)/[^/]+/src/",
        pathNot: "/src/(index|main|(node|openssl|sodium|wasm|udp)/index|cli/main)[.]ts$|[.]d[.]ts$",
      },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: "(^|/)(node_modules|dist)/" },
    tsConfig: { fileName: "tsconfig.test.json" },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@sortie/source", "types", "import", "node", "default"],
      extensions: [".ts", ".mts", ".js", ".mjs", ".cjs", ".json"],
    },
  },
};
