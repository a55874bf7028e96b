// Writes counters into TypeScript sources: one for each way that execution can take. Positions of lines stay.
import ts from "typescript";

const LOGICAL = new Set([
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.QuestionQuestionToken,
  ts.SyntaxKind.AmpersandAmpersandEqualsToken,
  ts.SyntaxKind.BarBarEqualsToken,
  ts.SyntaxKind.QuestionQuestionEqualsToken,
]);

/** The source with counters, as JavaScript with a source map in it. `counted` false: translated only. */
export function translate(path, text, counted) {
  const { outputText } = ts.transpileModule(counted ? withCounters(path, text) : text, {
    fileName: path,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      inlineSourceMap: true,
      inlineSources: true,
    },
  });
  return outputText;
}

function withCounters(path, text) {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TS);
  const insertions = [];
  let points = 0;
  const count = () => `__points[${points++}]++`;
  /** Outer nodes are visited first: their opening texts stay in front, their closing ones behind. */
  const before = (at, inserted) => insertions.push({ at, text: inserted, order: insertions.length });
  const after = (at, inserted) => insertions.push({ at, text: inserted, order: -1 - insertions.length });

  const countExpression = (node) => {
    before(node.getStart(file), `(${count()},`);
    after(node.end, ")");
  };
  const countStatement = (node) => {
    if (ts.isBlock(node)) return before(node.getStart(file) + 1, `${count()};`);
    before(node.getStart(file), `{${count()};`);
    after(node.end, "}");
  };
  const visit = (node) => {
    if (ts.isIfStatement(node)) {
      if (node.elseStatement === undefined) after(node.end, ` else ${count()};`);
      else countStatement(node.elseStatement);
      countStatement(node.thenStatement);
    } else if (ts.isIterationStatement(node, false)) countStatement(node.statement);
    else if (ts.isCaseOrDefaultClause(node)) before(node.statements.pos, `${count()};`);
    else if (ts.isCatchClause(node)) countStatement(node.block);
    else if (ts.isConditionalExpression(node)) [node.whenTrue, node.whenFalse].forEach(countExpression);
    else if (ts.isBinaryExpression(node) && LOGICAL.has(node.operatorToken.kind)) countExpression(node.right);
    else if (ts.isFunctionLike(node) && node.body !== undefined) {
      if (ts.isBlock(node.body)) countStatement(node.body);
      else countExpression(node.body);
    }
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(file, visit);

  insertions.sort((a, b) => a.at - b.at || a.order - b.order);
  let output = `const __points=globalThis.__sortieFuzzPoints(${points});`;
  let from = 0;
  for (const { at, text: inserted } of insertions) {
    output += text.slice(from, at) + inserted;
    from = at;
  }
  return output + text.slice(from);
}
