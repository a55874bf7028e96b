import { describeKind, describeValue, isThenable } from "@sortie/connection";

/**
 * What JSON says of `data`, as the game server will have it. Throws TypeError for what it cannot say: it would make
 * `{}` of a Map and leave out a function, and the token, which is good, would tell less than was meant.
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

/** What a value is of which JSON would be silent; undefined for all else. */
function unsayable(value: unknown): string | undefined {
  if (value instanceof Map) return "a Map";
  if (value instanceof Set) return "a Set";
  if (isThenable(value)) {
    // That it may reject later is told by this already.
    Promise.resolve(value).catch(() => undefined);
    return "a promise";
  }
  return ["function", "symbol", "bigint"].includes(typeof value) ? describeKind(value) : undefined;
}
