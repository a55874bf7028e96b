// npm run bench:micro -- [filter]: parts alone, by mitata: codec, AEAD, acknowledgements, scheduling.
import { AddressCookie, ClientHandshake, createNobleProvider, protocolId } from "@sortie/handshake";
import { createNodeProvider } from "@sortie/handshake/node";
import { AckUrgency, ReliableEndpoint, urgencyOf } from "@sortie/reliability";
import {
  ByteReader,
  ByteWriter,
  CipherSuite,
  decodeClientHello,
  DeliveryCode,
  encodeAck,
  encodeMessage,
  FrameKind,
  PacketFrames,
  TAG_BYTES,
} from "@sortie/wire";
import { bench, do_not_optimize, group, run } from "mitata";

const SIZES = [64, 256, 1200];
const node = createNodeProvider();

group("codec", () => {
  const buffer = new Uint8Array(1500);
  const writer = new ByteWriter();
  const reader = new ByteReader();
  const payload = new Uint8Array(64);
  const bitmap = new Uint8Array(4).fill(0xff);
  const frames = new PacketFrames();
  const write = () => {
    writer.reset(buffer);
    encodeAck(writer, 1_000_000, 250, bitmap, bitmap.length);
    encodeMessage(writer, DeliveryCode.Unreliable, 0, 0, payload);
    encodeMessage(writer, DeliveryCode.Reliable, 1, 7, payload);
    return writer.offset;
  };
  bench("encode ACK and two messages of 64 bytes", () => do_not_optimize(write()));
  const bytes = write() + 1;
  buffer[bytes - 1] = 0x01;
  bench("decode them", () => do_not_optimize(frames.decode(buffer, 0, bytes)));
  for (const value of [40, 12_000, 1_000_000, 2 ** 40]) {
    bench(`varint ${value}: write and read`, () => {
      writer.reset(buffer).varint(value);
      do_not_optimize(reader.reset(buffer, 0, writer.offset).varint());
    });
  }
});

for (const provider of [node, createNobleProvider()]) {
  for (const suite of [CipherSuite.Aes128Gcm, CipherSuite.ChaCha20Poly1305]) {
    const name = suite === CipherSuite.Aes128Gcm ? "AES-128-GCM" : "ChaCha20-Poly1305";
    group(`AEAD, ${provider.name}, ${name}`, () => {
      const aead = provider.createAead(suite, provider.randomBytes(suite === CipherSuite.Aes128Gcm ? 16 : 32));
      const nonce = new Uint8Array(12);
      const out = new Uint8Array(1500);
      for (const size of SIZES) {
        const bytes = new Uint8Array(1500);
        bench(`seal ${size} bytes`, () => aead.seal(nonce, bytes, 0, 9, 9 + size));
        const sealed = new Uint8Array(1500);
        aead.seal(nonce, sealed, 0, 9, 9 + size);
        const end = 9 + size + TAG_BYTES;
        bench(`open ${size} bytes`, () => do_not_optimize(aead.open(nonce, sealed, 0, 9, end, out)));
      }
    });
  }
}

group("cookie", () => {
  for (const provider of [node, createNobleProvider()]) {
    const cookie = new AddressCookie(provider);
    const address = provider.randomBytes(16);
    const hello = {
      protocolId: provider.randomBytes(8),
      clientRandom: provider.randomBytes(32),
      clientConnectionId: 7,
    };
    bench(`issue, ${provider.name}`, () => do_not_optimize(cookie.issue(address, 4000, hello, 1000)));
  }
});

group("reliability: a message there, its acknowledgement back", () => {
  for (const delivery of ["unreliable", "reliable", "ordered"]) {
    const [near, far] = [endpoint(), endpoint()];
    const buffer = new Uint8Array(1500);
    const writer = new ByteWriter();
    const frames = new PacketFrames();
    const payload = new Uint8Array(64);
    const options = { delivery };
    let nowMs = 0;
    const carry = (from, to) => {
      for (;;) {
        const number = from.buildPacket(writer.reset(buffer, 0, 1175), nowMs);
        if (number < 0) return;
        frames.decode(buffer, 0, writer.offset);
        let urgency = AckUrgency.None;
        for (let i = 0; i < frames.count; i++) {
          const frame = frames.at(i);
          if (frame.kind === FrameKind.Ack) to.onAck(frame, buffer, nowMs);
          else if (frame.kind === FrameKind.Message) to.onMessage(frame, buffer, number, nowMs);
          urgency = Math.max(urgency, urgencyOf(frame));
        }
        to.onPacketReceived(number, urgency, nowMs);
      }
    };
    bench(`echo, ${delivery}`, () => {
      nowMs += 1;
      near.send(payload, options, nowMs);
      carry(near, far);
      for (let message = far.pollMessage(); message !== undefined; message = far.pollMessage()) {
        far.send(message.payload, options, nowMs);
      }
      carry(far, near);
      while (near.pollMessage() !== undefined) continue;
    });
  }
});

group("reliability: scheduling", () => {
  for (const count of [1, 16, 256]) {
    const endpointOf = endpoint();
    const writer = new ByteWriter();
    const buffer = new Uint8Array(1500);
    const payload = new Uint8Array(32);
    const options = { delivery: "unreliable" };
    let nowMs = 0;
    bench(`send ${count} unreliable messages and build their packets`, () => {
      nowMs += 100;
      for (let i = 0; i < count; i++) endpointOf.send(payload, options, nowMs);
      while (endpointOf.buildPacket(writer.reset(buffer, 0, 1175), nowMs) >= 0) continue;
    });
  }
});

group("handshake packets", () => {
  const hello = clientHello();
  bench("decode a CLIENT_HELLO", () => do_not_optimize(decodeClientHello(hello)));
});

await run({ filter: process.argv[2] === undefined ? /.*/ : new RegExp(process.argv[2]) });

function endpoint() {
  return new ReliableEndpoint({
    control: { bytesOf: () => 0, write() {}, onAcked() {}, resends: () => false },
    randomU32: () => 7,
    maxDatagramBytes: 1200,
    localMaxAckDelayMs: 25,
    peerMaxAckDelayMs: 25,
    maxMessageBytes: 1_048_576,
    receiveWindowBytes: 4_194_304,
    peerMaxMessageBytes: 1_048_576,
    peerReceiveWindowBytes: 4_194_304,
  });
}

function clientHello() {
  const handshake = new ClientHandshake({
    crypto: node,
    protocolId: protocolId(node, "bench/1"),
    clientConnectionId: 1,
    parameters: {
      idleTimeoutMs: 10_000,
      maxAckDelayMs: 25,
      maxDatagramBytes: 1452,
      maxMessageBytes: 1_048_576,
      receiveWindowBytes: 4_194_304,
    },
    trust: { kind: "any" },
  });
  return handshake.hello();
}
