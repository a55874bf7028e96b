import { ClientHandshake, identityOf, protocolId, respond } from "@sortie/handshake";
import {
  ByteWriter,
  CLIENT_HELLO_BYTES,
  COOKIE_BYTES,
  decodeClientHello,
  encodeReject,
  encodeRetry,
  REJECT_BYTES,
  type RejectReason,
  RETRY_BYTES,
  signServerHello,
  type TransportParameters,
  unsignedPart,
} from "@sortie/wire";
import { Program } from "../lib/program.js";
import { createRepeatableCrypto } from "../lib/repeatable-crypto.js";
import { PACKET_WORDS, SAMPLE_PARAMETERS, samplePackets } from "../lib/sample-packets.js";
import { check, equalBytes, type FuzzTarget } from "../lib/target.js";

const CONNECTION_ID = 0x0102_0304;
/** Of a program; more show nothing new and take time. */
const MAX_STEPS = 12;
const CONTEXT = Buffer.from("sortie v1 server hello\0");

const crypto = createRepeatableCrypto(1);
const identity = identityOf(crypto.generateKeyPair());
const stranger = identityOf(crypto.generateKeyPair());
const parameters = SAMPLE_PARAMETERS[0] as TransportParameters;
const options = { protocolId: protocolId(crypto, "fuzz/1"), clientConnectionId: CONNECTION_ID, parameters };

/**
 * The client's side of the handshake: a program of packets that are genuine, changed on the way, changed by a server
 * that signs what it changed, or no packets at all. Nothing throws, and only a packet that the pinned key signed, as it
 * came, over one of this client's hellos, establishes keys.
 */
export const clientHandshake: FuzzTarget = {
  name: "client-handshake",
  maxBytes: 1400,
  freshRuns: 100,
  dictionary: PACKET_WORDS,
  seeds: () => {
    const { serverHellos, retries, rejects } = samplePackets();
    const raw = [...serverHellos, ...retries, ...rejects];
    return [
      ...raw.map((packet) => Uint8Array.from([0, 0, 255, packet.length >> 8, packet.length & 0xff, ...packet])),
      Uint8Array.of(0, 1, 5, 0, 2, 0, 0),
      Uint8Array.of(0, 1, 5, 0, 1, 6, 0, 6, 0, 0),
      Uint8Array.of(1, 3, 1, 0),
      Uint8Array.of(0, 2, 1, 0, 45, 1, 0),
      Uint8Array.of(0, 10, 0, 0),
    ];
  },
  run(input) {
    const program = new Program(input);
    const mode = program.u8();
    const trust = mode & 1 ? ({ kind: "any" } as const) : ({ kind: "pin", publicKey: identity.publicKey } as const);
    const seeded = createRepeatableCrypto(2);
    const handshake = new ClientHandshake({ ...options, crypto: seeded, trust });
    const session = new Session(handshake, mode & 1 ? undefined : identity.publicKey);
    for (let steps = 0; steps < MAX_STEPS && !program.isOver; steps++) session.step(program);
  },
};

class Session {
  private readonly handshake: ClientHandshake;
  private readonly pinned: Uint8Array | undefined;
  private readonly hellos: Uint8Array[];
  private established = false;

  constructor(handshake: ClientHandshake, pinned: Uint8Array | undefined) {
    this.handshake = handshake;
    this.pinned = pinned;
    this.hellos = [handshake.hello()];
  }

  step(program: Program): void {
    const kind = program.u8();
    switch (kind & 3) {
      case 0:
        return this.receive(program.block(), false);
      case 1: {
        const cookie = new Uint8Array(COOKIE_BYTES).fill(program.u8());
        const packet = written(RETRY_BYTES, (w) => encodeRetry(w, { clientConnectionId: CONNECTION_ID, cookie }));
        return this.receive(program.patch(packet), false);
      }
      case 2:
        return this.answer(program, kind & 4 ? 1 : 0, kind & 8 ? stranger : identity);
      case 3: {
        const clientRandom = this.handshake.hello().slice(13, 45);
        const reason = (1 + (program.u8() % 5)) as RejectReason;
        const reject = { clientConnectionId: CONNECTION_ID, clientRandom, reason };
        return this.receive(program.patch(written(REJECT_BYTES, (w) => encodeReject(w, reject))), false);
      }
    }
  }

  /** A SERVER_HELLO to one of the hellos, changed before it is signed and after. */
  private answer(program: Program, age: number, signer: typeof identity): void {
    const helloBytes = this.hellos.at(-1 - age) ?? this.handshake.hello();
    const hello = decodeClientHello(helloBytes);
    check(typeof hello !== "string", "the client's own hello does not decode");
    const response = respond({ crypto, identity: signer, parameters }, helloBytes, hello, 0x0506_0708);
    check(typeof response !== "string", "the client's own hello is refused");
    const unsigned = program.patch(unsignedPart(response.packet));
    const hash = crypto.sha256(helloBytes, unsigned);
    const signed = signServerHello(unsigned, crypto.sign(signer.keyPair.privateKey, Buffer.concat([CONTEXT, hash])));
    const packet = program.patch(signed);
    const mayEstablish = equalBytes(packet, signed) && (this.pinned === undefined || signer === identity);
    this.receive(packet, mayEstablish);
  }

  private receive(packet: Uint8Array, mayEstablish: boolean): void {
    const before = packet.slice();
    const progress = this.handshake.receive(packet);
    check(equalBytes(before, packet), "the datagram was changed");
    const hello = this.handshake.hello();
    check(hello.length === CLIENT_HELLO_BYTES, `the hello has ${hello.length} bytes`);
    if (progress.kind === "retry") this.hellos.push(hello);
    else check(hello === this.hellos.at(-1), "the hello changed without a retry");
    if (this.established) check(progress.kind === "ignored", `${progress.kind} after the keys were there`);
    if (progress.kind !== "established") return;
    check(mayEstablish, "established by a packet that nobody trusted signed");
    check(progress.keys.remoteConnectionId <= 0xffff_ffff, "a connection ID of more than 32 bits");
    this.established = true;
  }
}

function written(length: number, write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter().reset(new Uint8Array(length));
  write(writer);
  return writer.bytes;
}
