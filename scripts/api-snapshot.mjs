// `npm run api`: writes the public API of every package, as its built declarations tell it, to docs/api/.
// `npm run check:api` fails when the written files differ from the code.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { bootstrap } from "./bootstrap.mjs";
import { buildAnd } from "./build.mjs";
import { publicPackages } from "./lib/packages.mjs";
import { main, ROOT } from "./lib/run.mjs";

const FOLDER = join(ROOT, "docs", "api");

/** Text of one entry point: each exported name with its declarations, private members left out. */
function describeEntry(ts, program, packages, { specifier, declarations }) {
  const checker = program.getTypeChecker();
  const entryFile = program.getSourceFile(declarations);
  const module = checker.getSymbolAtLocation(entryFile);
  const home = packageOf(packages, entryFile);
  const blocks = (module === undefined ? [] : checker.getExportsOfModule(module))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((symbol) => {
      const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0;
      const nodes = (isAlias ? checker.getAliasedSymbol(symbol) : symbol).declarations ?? [];
      const origin = packageOf(packages, nodes[0]?.getSourceFile());
      if (origin !== home) return `export { ${symbol.name} } from "${origin}";`;
      return nodes.map((node) => printDeclaration(ts, node)).join("\n");
    });
  return [`# ${specifier}`, ...blocks].join("\n\n");
}

function packageOf(packages, sourceFile) {
  const path = resolve(sourceFile?.fileName ?? "");
  return packages.find(({ folder }) => path.startsWith(join(folder, sep)))?.name ?? "a dependency";
}

function printDeclaration(ts, node) {
  const statement = ts.isVariableDeclaration(node) ? node.parent.parent : node;
  const { transformed } = ts.transform(statement, [withoutPrivateMembers(ts)]);
  const printer = ts.createPrinter({ removeComments: true });
  return printer.printNode(ts.EmitHint.Unspecified, transformed[0], statement.getSourceFile());
}

function withoutPrivateMembers(ts) {
  const isPrivate = (node) =>
    (node.modifiers ?? []).some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword) ||
    (node.name !== undefined && ts.isPrivateIdentifier(node.name));
  return (context) => (root) => {
    const visit = (node) => (isPrivate(node) ? undefined : ts.visitEachChild(node, visit, context));
    return ts.visitNode(root, visit);
  };
}

async function snapshot() {
  const { default: ts } = await import("typescript");
  const packages = publicPackages();
  const program = ts.createProgram({
    rootNames: packages.flatMap(({ entries }) => entries.map(({ declarations }) => declarations)),
    options: { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2022, types: ["node"], noEmit: true },
  });
  return new Map(
    packages.map(({ name, entries }) => [
      `${name.replace("@sortie/", "")}.txt`,
      `${entries.map((entry) => describeEntry(ts, program, packages, entry)).join("\n\n")}\n`,
    ]),
  );
}

function write(files) {
  mkdirSync(FOLDER, { recursive: true });
  for (const name of readdirSync(FOLDER)) if (!files.has(name)) rmSync(join(FOLDER, name));
  for (const [name, text] of files) writeFileSync(join(FOLDER, name), text);
  console.log(`wrote ${files.size} files to docs/api`);
  return 0;
}

function check(files) {
  const written = existsSync(FOLDER) ? readdirSync(FOLDER) : [];
  const differing = [...files]
    .filter(([name, text]) => !written.includes(name) || readFileSync(join(FOLDER, name), "utf8") !== text)
    .map(([name]) => name);
  const stray = written.filter((name) => !files.has(name));
  for (const name of [...differing, ...stray]) console.error(`docs/api/${name} is not what the code exports`);
  if (differing.length + stray.length === 0) return 0;
  console.error("If the change is meant, run `npm run api` and add a changeset.");
  return 1;
}

await main(async () => {
  await bootstrap();
  const files = await buildAnd(snapshot);
  return process.argv.includes("--check") ? check(files) : write(files);
});
