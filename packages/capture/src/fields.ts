import { expectObject } from "./argument-checks.js";

/** A value as it is shown: numbers are decimal, bytes are hexadecimal text. */
export type FieldValue = string | number | boolean | Fields | readonly FieldValue[];

/** Fields in the order of the wire; they serve as JSON and as a tree of text. */
export interface Fields {
  readonly [name: string]: FieldValue;
}

/** Something decoded: for one line, and in full. */
export interface Described {
  readonly summary: string;
  readonly fields: Fields;
}

export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** A connection ID: 8 hexadecimal digits. */
export function idText(id: number): string {
  return id.toString(16).padStart(8, "0");
}

/** The name of a code in a table of constants, in lower case with dashes; the number where there is none. */
export function nameOf(table: Readonly<Record<string, number>>, code: number): string {
  const name = Object.keys(table).find((key) => table[key] === code);
  if (name === undefined) return `unknown (${code})`;
  return name.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
}

/** Lines of a tree, two spaces for each level. Throws TypeError for what has no fields. */
export function treeOf(fields: Fields, indent: string = ""): string[] {
  expectObject("fields", fields);
  return Object.entries(fields).flatMap(([name, value]) => linesOf(name, value, indent));
}

function linesOf(name: string, value: FieldValue, indent: string): string[] {
  if (Array.isArray(value)) {
    const list = value as readonly FieldValue[];
    if (list.every((item) => typeof item !== "object")) return [`${indent}${name}: ${list.join(", ")}`];
    return list.flatMap((item, index) => linesOf(`${name} ${index + 1}`, item, indent));
  }
  if (typeof value !== "object") return [`${indent}${name}: ${String(value)}`];
  return [`${indent}${name}`, ...treeOf(value as Fields, `${indent}  `)];
}
