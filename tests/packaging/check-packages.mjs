// `npm run check:packages`: what a user gets. Packs every public package, checks the tarballs, installs them all into
// an empty project without the network, imports each entry point and type-checks a consumer against them.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { bootstrap } from "../../scripts/bootstrap.mjs";
import { buildAnd } from "../../scripts/build.mjs";
import { publicPackages } from "../../scripts/lib/packages.mjs";
import { startRegistry } from "./local-registry.mjs";
import { capture, lastLines, main, readJson, ROOT, runQuietly, toolPath } from "../../scripts/lib/run.mjs";

const CONSUMER = join(ROOT, "tests", "packaging", "consumer");
const STRICT = join(ROOT, "tests", "packaging", "strict");
const SHIPPED = /^(bin|dashboard|dist|grafana|src|package\.json|README\.md|LICENSE|CHANGELOG\.md)$/;

/** A class field without a value: V8 then takes what it holds later for anything, see docs/decisions/0073. */
const EMPTY_FIELD = /^\s+(?!return;|break;|continue;)[A-Za-z_$][\w$]*;$/m;

const problems = [];

function report(label, output = "") {
  problems.push(label);
  console.log(`FAILED  ${label}${output && `\n${lastLines(output, 40)}`}`);
}

/** Runs a check as a child process; its output is shown when it fails. */
async function check(label, command, args, options) {
  const { code, output } = await capture(command, args, options);
  if (code === 0) console.log(`ok      ${label}`);
  else report(label, output);
}

function npm(label, args, options) {
  return runQuietly(label, "npm", args, { shell: process.platform === "win32", ...options });
}

function tarballName({ name, version }) {
  return `${name.replace("@", "").replace("/", "-")}-${version}.tgz`;
}

/** Folders of the packages' dependencies from the registry, theirs included, in each version that is installed here. */
function registryDependencies(packages) {
  const found = new Map();
  const visit = (folder, { dependencies = {} }) => {
    for (const name of Object.keys(dependencies)) {
      if (packages.some((own) => own.name === name)) continue;
      const places = createRequire(join(folder, "package.json")).resolve.paths(name);
      const place = places.map((path) => join(path, name)).find((path) => existsSync(join(path, "package.json")));
      if (place === undefined) throw new Error(`${name}, a dependency of ${folder}, is not installed`);
      const manifest = readJson(join(place, "package.json"));
      const id = `${name}@${manifest.version}`;
      if (found.has(id)) continue;
      found.set(id, { place, manifest });
      // pnpm links to where a package lies with its own dependencies beside it
      visit(realpathSync(place), manifest);
    }
  };
  for (const { folder, manifest } of packages) visit(folder, manifest);
  return found;
}

/** Packs own packages and their dependencies; resolves with the tarball and the manifest of each. */
async function packAll(packages, folder) {
  const packed = [];
  for (const { name, folder: source, manifest } of packages) {
    const args = [toolPath("pnpm"), "pack", "--pack-destination", folder];
    await runQuietly(`pnpm pack ${name}`, process.execPath, args, { cwd: source });
    const tarball = join(folder, tarballName(manifest));
    // pnpm has put versions in place of "workspace:".
    const { output } = await capture("tar", ["-xzOf", tarball, "package/package.json"]);
    packed.push({ tarball, manifest: JSON.parse(output) });
  }
  for (const [id, { place, manifest }] of registryDependencies(packages)) {
    // A copy: npm 11 ends without a word for some packages that lie in pnpm's store.
    const copy = join(folder, "copies", id);
    cpSync(place, copy, { recursive: true, dereference: true, filter: (path) => !path.endsWith("node_modules") });
    await npm(`npm pack ${id}`, ["pack", copy, "--ignore-scripts", "--pack-destination", folder], { cwd: folder });
    packed.push({ tarball: join(folder, tarballName(manifest)), manifest });
  }
  return packed;
}

async function checkTarballs(packages, packed) {
  for (const { name } of packages) {
    const { tarball } = packed.find(({ manifest }) => manifest.name === name);
    await check(`publint ${name}`, process.execPath, [toolPath("publint"), "run", "--strict", tarball]);
    const attw = [toolPath("@arethetypeswrong/cli", "attw"), tarball, "--profile", "esm-only", "--no-definitely-typed"];
    await check(`are the types wrong ${name}`, process.execPath, [...attw, "--no-color", "--no-emoji"]);
  }
}

/** What was installed: the files that belong there, no declaration of a source that is gone, no empty field. */
function checkContents({ name, folder }, project) {
  const installed = join(project, "node_modules", name);
  const files = readdirSync(installed);
  for (const required of ["README.md", "LICENSE"]) {
    if (!files.includes(required)) report(`${name} ships no ${required}`);
  }
  for (const file of files) if (!SHIPPED.test(file)) report(`${name} ships ${file}`);
  for (const file of readdirSync(join(installed, "dist"), { recursive: true })) {
    const source = file.replace(/\.d\.ts$/, ".ts");
    if (source !== file && !existsSync(join(folder, "src", source))) {
      report(`${name} ships a stale dist/${file}; run \`npm run clean\``);
    }
    const field = file.endsWith(".js") && EMPTY_FIELD.exec(readFileSync(join(installed, "dist", file), "utf8"));
    if (field) report(`${name} defines a field without a value in dist/${file}: ${field[0].trim()}`);
  }
}

async function install(project, packages, packed) {
  cpSync(CONSUMER, project, { recursive: true });
  const dependencies = Object.fromEntries(packages.map(({ name, manifest }) => [name, manifest.version]));
  const manifest = { name: "consumer", version: "1.0.0", private: true, type: "module", dependencies };
  writeFileSync(join(project, "package.json"), JSON.stringify(manifest, null, 2));
  const registry = await startRegistry(packed);
  const quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-update-notifier"];
  try {
    // A cache of its own: what npm has kept of the true registry must not help.
    const from = ["--registry", registry.url, "--cache", join(project, "..", "cache")];
    await npm("npm install", ["install", ...from, ...quiet], { cwd: project });
  } finally {
    await registry.close();
  }
}

async function checkImports(specifiers, project) {
  for (const specifier of specifiers) {
    const code = `const names = Object.keys(await import(${JSON.stringify(specifier)}));
      if (names.length === 0 || names.includes("default")) throw new Error("exports: " + names.join(", "));`;
    await check(`import ${specifier}`, process.execPath, ["--input-type=module", "-e", code], { cwd: project });
  }
  // Nobody installed sodium-native here: WebAssembly serves, and nothing is said of it.
  const encrypts = `import { connect, createServer, generateIdentity } from "sortie";
    process.on("warning", (warning) => { throw warning; });
    const identity = generateIdentity();
    const server = createServer({ protocol: "p/1", identity, host: "127.0.0.1", port: 0, tickRate: 0 });
    const { port } = await server.listen();
    const client = await connect({ host: "127.0.0.1", port, protocol: "p/1", serverKey: identity.publicKey });
    await client.close();
    await server.close();
    if (!/ChaCha20-Poly1305 by libsodium-wasm; /.test(server.stats.crypto)) throw new Error(server.stats.crypto);`;
  await check("libsodium-wasm encrypts", process.execPath, ["--input-type=module", "-e", encrypts], { cwd: project });
  const sortie = "node_modules/sortie/bin/sortie.js";
  await check("sortie --help", process.execPath, [sortie, "--help"], { cwd: project });
  await check("sortie --version", process.execPath, [sortie, "--version"], { cwd: project });
}

async function checkTypes(specifiers, project) {
  const lines = specifiers.map((specifier, index) => `export * as entry${index} from ${JSON.stringify(specifier)};`);
  writeFileSync(join(project, "entries.ts"), `${lines.join("\n")}\n`);
  for (const config of ["tsconfig.nodenext.json", "tsconfig.bundler.json"]) {
    await check(`tsc ${config}`, process.execPath, [toolPath("typescript", "tsc"), "-p", config], { cwd: project });
  }
}

/** A project that sees "sortie" and not the packages behind it, laid out as by pnpm: what it returns needs a name. */
async function checkStrictLayout(packages, project, strict) {
  const home = (name) => join(strict, "node_modules", ".pnpm", name.replace("/", "+"), "node_modules");
  const link = (name, from) => {
    mkdirSync(dirname(join(from, name)), { recursive: true });
    symlinkSync(join(home(name), name), join(from, name), "junction");
  };
  cpSync(STRICT, strict, { recursive: true });
  writeFileSync(join(strict, "package.json"), JSON.stringify({ name: "strict", private: true, type: "module" }));
  for (const { name, manifest } of packages) {
    cpSync(join(project, "node_modules", name), join(home(name), name), { recursive: true });
    for (const other of packages) if (other.name in (manifest.dependencies ?? {})) link(other.name, home(name));
  }
  link("sortie", join(strict, "node_modules"));
  await check("tsc with declarations", process.execPath, [toolPath("typescript", "tsc"), "-p", "."], { cwd: strict });
}

await main(async () => {
  await bootstrap();
  const folder = mkdtempSync(join(tmpdir(), "sortie-packages-"));
  try {
    const packages = publicPackages();
    const packed = await buildAnd(() => packAll(packages, folder));
    await checkTarballs(packages, packed);
    const project = join(folder, "consumer");
    mkdirSync(project);
    await install(project, packages, packed);
    for (const each of packages) checkContents(each, project);
    const specifiers = packages.flatMap(({ entries }) => entries.map(({ specifier }) => specifier));
    await checkImports(specifiers, project);
    await checkTypes(specifiers, project);
    await checkStrictLayout(packages, project, join(folder, "strict"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (problems.length > 0) console.error(`\n${problems.length} package checks failed:\n  ${problems.join("\n  ")}`);
  return problems.length > 0 ? 1 : 0;
});
