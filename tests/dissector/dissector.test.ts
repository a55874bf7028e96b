import { readFile, writeFile } from "node:fs/promises";
import {
  CipherSuite,
  CloseCode,
  DeliveryCode,
  FrameType,
  HandshakeType,
  MAGIC_0,
  MAGIC_1,
  MAGIC_2,
  PROTOCOL_VERSION,
  RejectReason,
} from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { makeDissector, readDescription } from "./generate/dissector.js";
import { fieldsOf } from "./generate/fields.js";

const FILE = new URL("../../tools/wireshark/sortie.lua", import.meta.url);
const IS_WRITING = process.env["SORTIE_WRITE_DISSECTOR"] !== undefined;

const [protocol, debugging] = (await Promise.all(
  ["PROTOCOL", "DEBUGGING"].map((name) => readFile(new URL(`../../docs/${name}.md`, import.meta.url), "utf8")),
)) as [string, string];

describe("tools/wireshark/sortie.lua", () => {
  it("is what the tables of the documents say (node scripts/make-dissector.mjs)", async () => {
    const made = makeDissector(readDescription(protocol, debugging));
    if (IS_WRITING) await writeFile(FILE, made);
    expect(await readFile(FILE, "utf8")).toBe(made);
  });
});

describe("the tables of docs/PROTOCOL.md", () => {
  const description = readDescription(protocol, debugging);
  const shout = (name: string): string => name.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

  it("have the codes of the code", () => {
    const { handshake, frames, deliveries, magic, version } = description;
    expect([version, magic]).toEqual([PROTOCOL_VERSION, [MAGIC_0, MAGIC_1, MAGIC_2]]);
    expect(Object.fromEntries([...handshake].map(([type, { name }]) => [name, type]))).toEqual(
      Object.fromEntries(Object.entries(HandshakeType).map(([name, type]) => [shout(name), type])),
    );
    const { Ticket: _reserved, ...types } = FrameType;
    expect(Object.fromEntries(frames.map(({ name, first }) => [name, first]))).toEqual(
      Object.fromEntries(Object.entries(types).map(([name, type]) => [shout(name), type])),
    );
    expect(Object.fromEntries([...deliveries].map(([code, name]) => [name.toLowerCase(), code]))).toEqual(
      Object.fromEntries(Object.entries(DeliveryCode).map(([name, code]) => [name.toLowerCase(), code])),
    );
    const valuesOf = (packet: number, label: string): readonly number[] => [
      ...(handshake
        .get(packet)
        ?.fields.find((field) => field.label === label)
        ?.values.keys() ?? []),
    ];
    expect(valuesOf(HandshakeType.ServerHello, "suite")).toEqual(Object.values(CipherSuite));
    expect(valuesOf(HandshakeType.ServerHello, "identity type")).toEqual([0, 1]);
    expect(valuesOf(HandshakeType.Reject, "reason")).toEqual(Object.values(RejectReason));
    const close = frames.find(({ name }) => name === "CLOSE")?.fields.find(({ label }) => label === "code");
    expect([...(close?.values.keys() ?? [])]).toEqual(Object.values(CloseCode));
  });

  it("give each name of a filter one kind of field", () => {
    const { handshake, header, opened, frames } = description;
    const fields = [
      ...[...handshake.values()].flatMap((packet) => packet.fields),
      ...header,
      ...opened,
      ...frames.flatMap((frame) => frame.fields),
    ];
    const kinds = new Map<string, Set<string>>();
    for (const { key, kind, size } of fields) {
      const width = kind === "number" ? JSON.stringify(size) : "";
      kinds.set(key, (kinds.get(key) ?? new Set()).add(`${kind} ${width}`));
    }
    expect([...kinds].filter(([, set]) => set.size > 1).map(([key]) => key)).toEqual([]);
    expect(kinds.size).toBeGreaterThan(40);
  });

  it.each([
    ["a size", [["a", "a dozen", ""]], 'the size of "a" is not understood: "a dozen"'],
    [
      "a condition",
      [["a", "1", "for deliveries 2 only on Sundays"]],
      'a condition is not understood: "for deliveries 2 only on Sundays"',
    ],
  ])("stop the generator with %s that it does not understand", (_name, rows, message) => {
    expect(() => fieldsOf({ head: ["field", "size", "value"], rows }, "x", [])).toThrow(message);
  });
});
