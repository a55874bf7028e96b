// Lint rules of this repository that ESLint has no option for.
import { dirname, resolve } from "node:path";

/** A file never imports its own package's index: neither by path nor by the package's name. */
const noOwnIndex = {
  meta: {
    type: "problem",
    schema: [],
    messages: { own: "Import the file that defines it, not the own package's index." },
  },
  create(context) {
    const source = /^(.*\/(packages|apps)\/([^/]+)\/src)\//.exec(context.filename.replaceAll("\\", "/"));
    if (source === null) return {};
    const [, folder, group, name] = source;
    const ownName = group === "apps" ? `@sortie-apps/${name}` : name === "sortie" ? name : `@sortie/${name}`;
    const ownIndex = `${folder}/index`;
    const check = (node) => {
      const target = node.source?.value;
      if (typeof target !== "string") return;
      const path = resolve(dirname(context.filename), target).replaceAll("\\", "/");
      const byPath = target.startsWith(".") && (path === folder || path.replace(/\.[jt]s$/, "") === ownIndex);
      const byName = target === ownName || target.startsWith(`${ownName}/`);
      if (byPath || byName) context.report({ node, messageId: "own" });
    };
    return {
      ImportDeclaration: check,
      ImportExpression: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
    };
  },
};

export const repositoryRules = { rules: { "no-own-index": noOwnIndex } };
