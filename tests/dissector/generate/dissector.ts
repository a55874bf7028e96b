import { readFileSync } from "node:fs";
import { type DissectorField, fieldsOf, snakeOf } from "./fields.js";
import { lua, type LuaValue } from "./lua.js";
import { codesOf, numberOf, readSections, type Section, sectionOf, tableOf } from "./protocol-tables.js";

/** Everything that the dissector knows of the protocol. */
export interface ProtocolDescription {
  readonly version: number;
  readonly magic: readonly number[];
  /** By the type in the first byte. */
  readonly handshake: ReadonlyMap<number, { readonly name: string; readonly fields: readonly DissectorField[] }>;
  /** Labels of what follows the header of a CLIENT_HELLO in every version. */
  readonly invariant: readonly string[];
  /** Names by ID. */
  readonly parameters: ReadonlyMap<number, string>;
  readonly header: readonly DissectorField[];
  readonly protectedFlags: readonly number[];
  readonly opened: readonly DissectorField[];
  readonly openedFlags: readonly number[];
  readonly openedMagic: readonly number[];
  readonly frames: readonly FrameDescription[];
  readonly deliveries: ReadonlyMap<number, string>;
}

interface FrameDescription {
  readonly name: string;
  readonly first: number;
  readonly last: number;
  readonly fields: readonly DissectorField[];
}

/** Reads the tables of docs/PROTOCOL.md, and of docs/DEBUGGING.md for the form of opened packets. */
export function readDescription(protocol: string, debugging: string): ProtocolDescription {
  const sections = readSections(protocol);
  const header = tableOf(sectionOf(sections, "3"), "field", "size", "value").rows;
  const valueOf = (name: string): string => {
    const [, , value] = header.find(([field]) => field === name) ?? [];
    if (value === undefined) throw new Error(`section 3 has no field "${name}"`);
    return value;
  };
  const types = [...valueOf("type").matchAll(/(0x[0-9a-f]{2}) ([A-Z_]+)/g)];
  const suites = codesOf(tableOf(sectionOf(sections, "3.1"), "suite", "AEAD"), "AEAD");
  const suiteNames = new Map([...suites].map(([code, name]) => [code, name.replace(/ \(.*/, "")]));
  const codes = new Map([
    ["suite", suiteNames],
    ["suites", suiteNames],
    ["reason", codesOf(tableOf(sectionOf(sections, "3.4"), "reason", "meaning"), "meaning")],
  ]);
  const packets = types.map(([, type, name]) => {
    const section = sections.find(({ title }) => title === name);
    if (section === undefined) throw new Error(`no section "${name}"`);
    const fields = fieldsOf(tableOf(section, "field", "size", "value"), "sortie", ["header"], codes);
    return [numberOf(type as string), { name: name as string, fields }] as const;
  });
  const deliveries = codesOf(tableOf(sectionOf(sections, "5.4"), "delivery", "name"), "name");
  const opened = tableOf(sectionOf(readSections(debugging), "Wireshark"), "field", "size", "value");
  const openedRow = (name: string): string => opened.rows.find(([field]) => field === name)?.[2] ?? "";
  return {
    version: numberOf(valueOf("version")),
    magic: bytesIn(valueOf("magic")),
    handshake: new Map(packets),
    invariant: invariantOf(sectionOf(sections, "2")),
    parameters: codesOf(tableOf(sectionOf(sections, "3.5"), "ID", "name"), "name"),
    // What stands in the header is not the whole number.
    header: fieldsOf(tableOf(sectionOf(sections, "4.1"), "field", "size", "value"), "sortie", ["flags"]).map((field) =>
      field.label === "packet number"
        ? { ...field, label: "packet number, low", key: "sortie.packet_number_low" }
        : field,
    ),
    protectedFlags: flagsIn(sectionOf(sections, "2"), /^protected packet/),
    opened: fieldsOf(opened, "sortie", ["flags", "frames"]),
    openedFlags: bytesIn(openedRow("flags")),
    openedMagic: bytesIn(openedRow("magic")),
    frames: framesOf(sections),
    deliveries,
  };
}

/** The frames of section 5, each with the fields of the section that names it. */
function framesOf(sections: readonly Section[]): FrameDescription[] {
  const closeCodes = codesOf(tableOf(sectionOf(sections, "5.8"), "code", "name"), "name");
  const types = tableOf(sectionOf(sections, "5"), "type", "frame");
  return types.rows.flatMap(([range = "", name = ""]) => {
    if (name.startsWith("reserved")) return [];
    const section = sections.find((one) => one.number.startsWith("5.") && one.title.split(/ and /).includes(name));
    if (section === undefined) throw new Error(`section 5 does not describe ${name}`);
    const [first, last = first] = range.split(" .. ").map(numberOf) as [number, number?];
    const hasTable = section.tables.some(({ head }) => head.join() === "field,size,value");
    const prefix = `sortie.${snakeOf(name)}`;
    const codes = new Map([["code", closeCodes]]);
    const table = hasTable ? tableOf(section, "field", "size", "value") : { head: [], rows: wordsAlone(section) };
    return [{ name, first, last, fields: fieldsOf(table, prefix, ["type"], codes) }];
  });
}

/** Frames without a table say in a sentence what they are. */
function wordsAlone({ title, text }: Section): readonly (readonly string[])[] {
  if (text.trim().startsWith("Zeros from the type to the end of the packet")) return [["zeros", "rest", ""]];
  if (text.trim() === "The type alone.") return [];
  throw new Error(`${title} has no table, and its words are not understood`);
}

/** "after the header: protocol ID (8), ... so that" */
function invariantOf({ text }: Section): string[] {
  const [, list] = /after the header: ([^.]*?),\s+so that/.exec(text.replaceAll(/\s+/g, " ")) ?? [];
  if (list === undefined) throw new Error("section 2 does not say what every CLIENT_HELLO has");
  return list.split(", ").map((part) => part.replace(/ \(\d+\)$/, ""));
}

function flagsIn(section: Section, packet: RegExp): number[] {
  const row = tableOf(section, "first byte", "packet").rows.find(([, name = ""]) => packet.test(name));
  if (row === undefined) throw new Error("section 2 has no protected packet");
  return bytesIn(row[0] as string);
}

function bytesIn(text: string): number[] {
  const bytes = [...text.matchAll(/0x([0-9a-f]{2})\b/g)].map(([, digits]) => Number.parseInt(digits as string, 16));
  if (bytes.length === 0) throw new Error(`no bytes in "${text}"`);
  return bytes;
}

/** The dissector: what the tables say, then the engine that reads packets by it. */
export function makeDissector(description: ProtocolDescription): string {
  const engine = readFileSync(new URL("engine.lua", import.meta.url), "utf8");
  return `-- Wireshark dissector for Sortie: docs/DEBUGGING.md says how to use it.
-- Made from the tables of docs/PROTOCOL.md and docs/DEBUGGING.md by "node scripts/make-dissector.mjs": do not edit.

local protocol = ${lua(luaDescription(description))}

${engine}`;
}

function luaDescription(description: ProtocolDescription): LuaValue {
  const { handshake, header, opened, frames, ...others } = description;
  return {
    ...others,
    handshake: new Map(
      [...handshake].map(([type, { name, fields }]) => [type, { name, fields: fields.map(luaField) }]),
    ),
    header: header.map(luaField),
    opened: opened.map(luaField),
    frames: frames.map(({ fields, ...frame }) => ({ ...frame, fields: fields.map(luaField) })),
  };
}

/** What is usual is left out. */
function luaField({ size, isHex, deliveries, ifLength, values, ...field }: DissectorField): LuaValue {
  return {
    ...field,
    ...(typeof size === "object" ? { sizeFrom: size.from, ...(size.orRest ? { orRest: true } : {}) } : { size }),
    ...(isHex ? { isHex } : {}),
    ...(deliveries === undefined ? {} : { deliveries: new Map(deliveries.map((code) => [code, true])) }),
    ...(ifLength ? { ifLength } : {}),
    ...(values.size === 0 ? {} : { values }),
  };
}
