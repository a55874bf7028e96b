import type { DecodedDatagram, Fields, FieldValue } from "@sortie/capture";
import type { ProtocolDescription } from "./generate/dissector.js";
import { snakeOf } from "./generate/fields.js";

/** Values of a datagram by the name of the display filter, in the order of the wire, as tshark writes them. */
export type ShownFields = ReadonlyMap<string, readonly string[]>;

/** Fields of JSON that only say in words what another one says in numbers. */
const WORDS: ReadonlySet<string> = new Set(["name", "reasonName", "fingerprint", "encrypted", "malformed"]);
const HEX_IDS: ReadonlySet<string> = new Set(["clientConnectionId", "serverConnectionId", "connectionId"]);

/** What `sortie decode --json` says of a datagram, in the words of the dissector. */
export function shownFields(decoded: DecodedDatagram, description: ProtocolDescription): ShownFields {
  const shown = new Map<string, string[]>();
  const add = (key: string, text: string): void => {
    // Fields without bytes are not there for tshark.
    if (text !== "") shown.set(key, [...(shown.get(key) ?? []), text]);
  };
  add("sortie.packet", decoded.packet);
  if (decoded.sender !== undefined) add("sortie.sender", decoded.sender);
  if (decoded.connection !== "") add("sortie.connection", decoded.connection.slice(1));
  for (const [name, value] of Object.entries(decoded.fields)) {
    if (WORDS.has(name)) continue;
    if (name === "frames") for (const frame of value as readonly Fields[]) addFrame(frame, description, add);
    else if (name === "parameters")
      for (const [one, number] of Object.entries(value)) add(`sortie.parameters.${snakeOf(one)}`, String(number));
    else if (name === "certificates") for (const der of value as readonly string[]) add("sortie.certificate", der);
    else for (const one of [value].flat()) add(`sortie.${snakeOf(name)}`, textOf(name, one as FieldValue, description));
  }
  return shown;
}

function addFrame(fields: Fields, description: ProtocolDescription, add: (key: string, text: string) => void): void {
  const name = fields["frame"] as string;
  add("sortie.frame", name);
  for (const [field, value] of Object.entries(fields)) {
    const key = `sortie.${name.toLowerCase()}.${snakeOf(field)}`;
    if (field === "frame" || WORDS.has(field)) continue;
    // The type is the first of the zeros.
    if (name === "PADDING") add("sortie.padding.zeros", "00".repeat((value as number) - 1));
    else if (field === "acknowledged") add("sortie.ack.acknowledged", (value as readonly string[]).join(", "));
    else if (field === "delivery") add(key, String(codeOf(description.deliveries, value as string)));
    // On the wire only in frames that are not the last: its bytes are compared as payload.
    else if (field !== "length") add(key, String(value));
  }
}

function textOf(name: string, value: FieldValue, description: ProtocolDescription): string {
  if (HEX_IDS.has(name)) return `0x${String(value)}`;
  if (name === "suite" || name === "suites") return String(codeOf(namesOf(description, "suite"), value as string));
  if (name === "identityType") return value === "raw-key" ? "0" : "1";
  return String(value);
}

function namesOf(description: ProtocolDescription, label: string): ReadonlyMap<number, string> {
  for (const { fields } of description.handshake.values()) {
    const found = fields.find((field) => field.label === label);
    if (found !== undefined) return found.values;
  }
  throw new Error(`no field "${label}"`);
}

function codeOf(names: ReadonlyMap<number, string>, name: string): number {
  const found = [...names].find(([, one]) => one === name);
  if (found === undefined) throw new Error(`no code for "${name}"`);
  return found[0];
}
