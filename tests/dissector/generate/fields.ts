import { numberOf, type Table } from "./protocol-tables.js";

/** How many bytes a field has: a number, a varint's own, what is left, or what another field says. */
type FieldSize = number | "varint" | "rest" | { readonly from: string; readonly orRest: boolean };

/** A field as the dissector knows it. */
export interface DissectorField {
  /** Of the display filter: "sortie.client_random". */
  readonly key: string;
  readonly label: string;
  readonly kind: "number" | "bytes" | "text" | "codes" | "parameters";
  readonly size: FieldSize;
  /** Connection IDs are written in hexadecimal. */
  readonly isHex: boolean;
  /** Codes of these deliveries only. */
  readonly deliveries: readonly number[] | undefined;
  /** Only where bit 0 of the frame's type is set. */
  readonly ifLength: boolean;
  readonly values: ReadonlyMap<number, string>;
}

/** "client random" and "idleTimeoutMs" as parts of a display filter's name. */
export function snakeOf(name: string): string {
  return name
    .replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_");
}

/**
 * The fields of a table with the columns field, size and value. Rows named in `known` are passed over: the dissector's
 * engine reads them. Throws for a size or a condition that it does not understand, so that no change of the text is
 * lost.
 * @param codes names of codes, by the field's name
 */
export function fieldsOf(
  table: Table,
  prefix: string,
  known: readonly string[],
  codes: ReadonlyMap<string, ReadonlyMap<number, string>> = new Map(),
): DissectorField[] {
  const fields: DissectorField[] = [];
  for (const [name, sizeText, value = ""] of table.rows as readonly (readonly [string, string, string?])[]) {
    if (known.includes(name)) continue;
    const size = sizeOf(name, sizeText, fields);
    const inText = /^\d+ (?!or )[A-Za-z][^,]*(?:, \d+ [^,]+)*$/.test(value) ? namesIn(value) : undefined;
    fields.push({
      key: `${prefix}.${snakeOf(name)}`,
      label: name,
      kind: kindOf(name, size, value),
      size,
      isHex: /\bID$/.test(name) && size === 4,
      deliveries: deliveriesOf(value),
      ifLength: value === "only if L is 1",
      values: codes.get(name) ?? inText ?? new Map(),
    });
  }
  return fields;
}

function sizeOf(name: string, text: string, before: readonly DissectorField[]): FieldSize {
  if (/^\d+$/.test(text)) return numberOf(text);
  if (text === "varint" || text === "rest") return text;
  // What stands before the tag.
  if (text === "1 or more") return "rest";
  const lengths = before.filter(({ label }) => /(?:^| )(?:length|count)$/.test(label));
  const [named] = /^[a-z ]+?(?=, or rest$|$)/.exec(text) ?? [""];
  const wanted = /^(?:as said|\d+ or \d+)$/.test(text) ? lengths.at(-1) : lengths.find(({ label }) => label === named);
  if (wanted === undefined) throw new Error(`the size of "${name}" is not understood: "${text}"`);
  return { from: wanted.key, orRest: text.endsWith(", or rest") };
}

function kindOf(name: string, size: FieldSize, value: string): DissectorField["kind"] {
  if (value === "section 3.5") return "parameters";
  if (value.startsWith("one byte each")) return "codes";
  if (name === "text") return "text";
  if (size === "varint" || size === 1 || size === 2 || (size === 4 && !/^0x/.test(value))) return "number";
  return size === 8 && name === "packet number" ? "number" : "bytes";
}

function deliveriesOf(value: string): readonly number[] | undefined {
  const [, list] = /^for deliveries ([\d, and]+) only$/.exec(value) ?? [];
  if (list !== undefined) return list.split(/, | and /).map(numberOf);
  if (/\bonly\b/.test(value) && value !== "only if L is 1")
    throw new Error(`a condition is not understood: "${value}"`);
  return undefined;
}

/** "0 raw key, 1 X.509 chain" */
function namesIn(value: string): Map<number, string> {
  return new Map(
    value.split(", ").map((part) => [numberOf(part.split(" ", 1)[0] as string), part.replace(/^\d+ /, "")]),
  );
}
