import { containRejection, describeKind, describeValue, isThenable } from "@sortie/connection";

/** What JSON has nothing of, or the properties alone that somebody added to it. By the tag: of other realms too. */
const SILENT: ReadonlySet<string> = new Set(["Map", "Set", "WeakMap", "WeakSet", "WeakRef", "RegExp", "Error"]);

/**
 * What JSON says of `data`, as the game server will have it. Throws TypeError for what it cannot say: it would make
 * `{}` of a Map, null of NaN, and leave out a function, and the token, which is good, would tell less than was meant.
 */
export function asJson(data: unknown): unknown {
  if (data === undefined) return undefined;
  let got: string | undefined;
  let isRoot = true;
  const look = (name: string, value: unknown): unknown => {
    const kind = unsayable(value);
    if (kind !== undefined) got ??= isRoot ? kind : `${kind} as ${describeValue(name)}`;
    isRoot = false;
    return kind === undefined ? value : undefined;
  };
  let json: string | undefined;
  try {
    json = JSON.stringify(data, look) as string | undefined;
    if (json === undefined) got ??= `${describeKind(data)} that gives none`;
  } catch (error) {
    // The lines after the first one draw the circle.
    const [why] = String((error as { readonly message?: unknown } | null)?.message ?? error).split("\n");
    got ??= `${describeKind(data)} that gives none (${why})`;
  }
  if (got !== undefined) throw new TypeError(`"data" expected JSON, got ${got}`);
  // Not `data` itself: it is cloned to be signed, and a clone has no `toJSON` any more.
  return JSON.parse(json as string);
}

/** What a value is of which JSON would be silent, or say something else; undefined for all else. */
function unsayable(value: unknown): string | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? undefined : String(value);
  if (typeof value === "object" && value !== null) return unsayableObject(value);
  return ["function", "symbol", "bigint"].includes(typeof value) ? describeKind(value) : undefined;
}

/** `toJSON`, where there is one, has given its answer before. */
function unsayableObject(value: object): string | undefined {
  if (isThenable(value)) {
    containRejection(value);
    return "a promise";
  }
  const kind = describeKind(value);
  // Of bytes JSON makes an object with a property for each.
  if (kind !== "an object") return kind === "an array" ? undefined : kind;
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (SILENT.has(tag)) return withArticle(tag);
  if (tag === "Number") return unsayable(Number(value));
  if (isPlain(value)) return undefined;
  // A text or a boolean in an object is said as such. Of all else that has nothing to show, such as an iterator or an
  // object with private fields, there is no telling what was meant.
  if (tag === "String" || tag === "Boolean" || Object.keys(value).length > 0) return undefined;
  return tag === "Object" ? "an object of a class, without properties" : withArticle(tag);
}

function withArticle(name: string): string {
  return /^[AEIO]/.test(name) ? `an ${name}` : `a ${name}`;
}

/** Of this realm's `Object`, another's, or nothing at all. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
