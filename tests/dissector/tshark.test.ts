import { readFile } from "node:fs/promises";
import {
  DatagramDecoder,
  type DecodedDatagram,
  openedForm,
  parseKeyLog,
  pcapHeader,
  pcapRecord,
  readCapture,
  readDatagram,
  type UdpDatagram,
} from "@sortie/capture";
import { createNodeProvider } from "@sortie/handshake/node";
import { MAX_PACKET_NUMBER, PACKET_OVERHEAD_BYTES, PacketFrames } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { readDescription } from "./generate/dissector.js";
import { captureOf, HAND_MADE_KEYS, handMadePackets, recordGame } from "./recordings.js";
import { type ShownFields, shownFields } from "./shown-fields.js";
import { dissect, tsharkVersion } from "./tshark.js";

const version = await tsharkVersion();

const [protocol, debugging] = (await Promise.all(
  ["PROTOCOL", "DEBUGGING"].map((name) => readFile(new URL(`../../docs/${name}.md`, import.meta.url), "utf8")),
)) as [string, string];
const description = readDescription(protocol, debugging);

const FAULTS = ["sortie.malformed", "sortie.cut", "_ws.malformed", "_ws.lua.error"];
/** Fields of the dissector that JSON has no use for: lengths of what follows, and what is the same in all packets. */
const NOT_IN_JSON = /^sortie\.(?:.*_length|suite_count|magic|padding|ciphertext|tag|(?!padding).*\.length)$/;

/** All names of the dissector that JSON has as well, and those of faults. */
const KEYS: readonly string[] = [
  ...new Set([
    ...["packet", "sender", "connection", "version", "key_phase", "frame", "certificate"].map(
      (name) => `sortie.${name}`,
    ),
    ...["message.delivery", "fragment.delivery", "ack.acknowledged"].map((name) => `sortie.${name}`),
    ...[...description.parameters.values()].map(
      (name) => `sortie.parameters.${name.replaceAll(/[A-Z]/g, "_$&").toLowerCase()}`,
    ),
    ...[...description.handshake.values(), ...description.frames].flatMap(({ fields }) => fields.map(({ key }) => key)),
    ...[...description.header, ...description.opened].map(({ key }) => key),
  ]),
]
  .filter((key) => !NOT_IN_JSON.test(key) && key !== "sortie.parameters")
  .concat(FAULTS);

function datagramsOf(capture: Uint8Array): UdpDatagram[] {
  return [...readCapture(capture)].map((item) => {
    const datagram = item.kind === "record" ? readDatagram(item) : item.text;
    if (typeof datagram === "string") throw new Error(datagram);
    return datagram;
  });
}

/** Fields of JSON and of tshark, in one order; `version` stands in JSON only where it may differ. */
function comparable(fields: ShownFields): Record<string, readonly string[]> {
  const entries = [...fields].filter(([key]) => key !== "sortie.version");
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

describe.skipIf(version === undefined)(`the dissector, in tshark ${version ?? "(not installed)"}`, () => {
  it("says the same as sortie decode of a whole game, with and without keys", async () => {
    const { capture, keyLog } = await recordGame();
    const { entries } = parseKeyLog(keyLog);
    const datagrams = datagramsOf(capture);
    const seen = new Set<string>();
    for (const keys of [entries, []]) {
      const decoder = new DatagramDecoder(createNodeProvider(), keys);
      const decoded = datagrams.map((datagram) => decoder.decode(datagram));
      const shown = await dissect(keys.length === 0 ? capture : opened(datagrams, decoded), KEYS);
      expect(shown).toHaveLength(datagrams.length);
      for (const [index, one] of decoded.entries()) {
        expect
          .soft(comparable(shown[index] as ShownFields), `record ${index + 1}`)
          .toEqual(comparable(shownFields(one, description)));
        for (const key of shownFields(one, description).keys()) seen.add(key);
        seen.add(one.packet);
        for (const frame of shownFields(one, description).get("sortie.frame") ?? []) seen.add(frame);
      }
    }
    // The recording has what it is said to have.
    const packets = ["CLIENT_HELLO", "RETRY", "SERVER_HELLO", "REJECT", "PROTECTED"];
    const frames = [
      "PING",
      "ACK",
      "CONNECT",
      "ACCEPT",
      "CLOSE",
      "PATH_CHALLENGE",
      "PATH_RESPONSE",
      "MESSAGE",
      "FRAGMENT",
      "PADDING",
    ];
    expect([...seen]).toEqual(
      expect.arrayContaining([...packets, ...frames, "sortie.certificate", "sortie.close.text"]),
    );
  });

  it("reads frames that games rarely have, and numbers at the ends of their ranges", async () => {
    const decoder = new DatagramDecoder(createNodeProvider(), [HAND_MADE_KEYS]);
    const packets = handMadePackets().map((payload, index) => {
      const decoded = decoder.decode({ payload });
      if (decoded.opened === undefined) throw new Error(decoded.summary);
      const packetNumber = index === 0 ? MAX_PACKET_NUMBER : 2 ** (3 * index);
      const numbers = { packetNumber, generation: index === 0 ? 2 ** 32 - 1 : index };
      return { decoded, numbers, form: openedForm(payload, { ...decoded.opened, ...numbers }) };
    });
    const shown = await dissect(captureOf(packets.map(({ form }) => form)), KEYS);
    expect(shown).toHaveLength(packets.length);
    for (const [index, { decoded, numbers }] of packets.entries()) {
      // The connection has no handshake here.
      const { sender: _sender, ...others } = { ...decoded, fields: { ...decoded.fields, ...numbers }, connection: "" };
      const wanted = shownFields({ ...others, sender: undefined }, description);
      expect.soft(comparable(shown[index] as ShownFields), `packet ${index}`).toEqual(comparable(wanted));
    }
  });

  it("calls nothing malformed that is not, and stumbles over nothing", async () => {
    const { capture, keyLog } = await recordGame();
    const decoder = new DatagramDecoder(createNodeProvider(), parseKeyLog(keyLog).entries);
    const originals = datagramsOf(capture).map((datagram) => {
      const packet = decoder.decode(datagram).opened;
      return packet === undefined ? datagram.payload : openedForm(datagram.payload, packet);
    });
    let state = 1;
    const random = (below: number): number => (state = (state * 48_271) % 0x7fff_ffff) % below;
    const damaged = originals.slice(0, 600).map((original) => {
      const bytes = original.slice(0, original.length - random(3) * random(20));
      // Behind what tells the packet's kind.
      for (let i = random(4); i >= 0; i--)
        bytes[25 + random(Math.max(1, Math.min(60, bytes.length - 25)))] = random(256);
      return bytes;
    });
    const shown = await dissect(captureOf(damaged), KEYS);
    expect(shown).toHaveLength(damaged.length);
    const faults = shown.map((fields) => FAULTS.filter((key) => fields.has(key)).join());
    // tshark adds its own mark to each of ours; one alone would be an exception.
    expect(new Set(faults)).toEqual(new Set(["", "sortie.malformed,_ws.malformed"]));
    for (const [index, fault] of faults.entries()) {
      if (fault !== "") expect.soft(isMalformed(damaged[index] as Uint8Array), `packet ${index}`).toBe(true);
    }
  });

  it("says what the capture cut, and calls that no fault", async () => {
    const { capture } = await recordGame();
    const records = datagramsOf(capture).map(({ source, destination, payload }) => {
      const record = pcapRecord({ timeNs: 0n, source, destination, payload });
      // A snap length of 44 bytes, 16 of Sortie's.
      new DataView(record.buffer, record.byteOffset).setUint32(8, 44);
      return record.subarray(0, 16 + 44);
    });
    const shown = await dissect(new Uint8Array(Buffer.concat([pcapHeader(), ...records])), KEYS);
    const faults = shown.map((fields) => FAULTS.filter((key) => fields.has(key)).join());
    // Without a SERVER_HELLO that is whole no connection is known.
    expect(new Set(faults)).toEqual(new Set(["sortie.cut", ""]));
    const hellos = shown.filter((fields) => fields.get("sortie.packet")?.[0] === "CLIENT_HELLO");
    expect(hellos.length).toBeGreaterThan(3);
    for (const fields of hellos) expect([...fields.keys()]).toContain("sortie.protocol_id");
  });
});

/** Whether the decoder refuses a handshake packet, its parameters or certificates, or the frames of an opened one. */
function isMalformed(payload: Uint8Array): boolean {
  const isOpened = (payload[0] as number) >= 0x40;
  if (isOpened) return new PacketFrames().decode(payload, PACKET_OVERHEAD_BYTES, payload.length) !== undefined;
  const { fields } = new DatagramDecoder(createNodeProvider()).decode({ payload });
  const { certificates, parameters } = fields;
  return "malformed" in fields || typeof parameters === "string" || typeof certificates === "string";
}

/** The capture that `sortie decode --write-decrypted` writes. */
function opened(datagrams: readonly UdpDatagram[], decoded: readonly DecodedDatagram[]): Uint8Array {
  const records = datagrams.map(({ source, destination, payload }, index) => {
    const packet = decoded[index]?.opened;
    return pcapRecord({
      timeNs: 0n,
      source,
      destination,
      payload: packet === undefined ? payload : openedForm(payload, packet),
    });
  });
  return new Uint8Array(Buffer.concat([pcapHeader(), ...records]));
}
