/** What can be written as a Lua value; maps have numbers for keys. */
export type LuaValue =
  | string
  | number
  | boolean
  | readonly LuaValue[]
  | ReadonlyMap<number, LuaValue>
  | { readonly [name: string]: LuaValue };

/** Longest table on one line. */
const MAX_LINE = 110;

/** A Lua expression: tables on one line where they fit, else a line for each entry. */
export function lua(value: LuaValue, indent: string = ""): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object") return String(value);
  const inner = `${indent}  `;
  const entries = entriesOf(value).map(([key, item]) => `${key}${lua(item, inner)}`);
  const line = `{ ${entries.join(", ")} }`;
  if (entries.length === 0) return "{}";
  if (line.length + indent.length <= MAX_LINE && !line.includes("\n")) return line;
  return `{\n${entries.map((entry) => `${inner}${entry},\n`).join("")}${indent}}`;
}

function entriesOf(value: Exclude<LuaValue, string | number | boolean>): (readonly [string, LuaValue])[] {
  if (value instanceof Map)
    return [...(value as ReadonlyMap<number, LuaValue>)].map(([key, item]) => [`[${key}] = `, item]);
  if (Array.isArray(value)) return (value as readonly LuaValue[]).map((item) => ["", item]);
  return Object.entries(value).map(([key, item]) => [`${key} = `, item as LuaValue]);
}
