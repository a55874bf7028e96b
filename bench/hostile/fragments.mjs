// Memory that one attacker with valid keys can make a server hold by fragments: frames go straight into the
// reliability layer, as they come out of decryption.
import { setTimeout as sleep } from "node:timers/promises";
import { ReliableEndpoint } from "@sortie/reliability";
import { ByteWriter, DeliveryCode, encodeFragment, PacketFrames } from "@sortie/wire";

const MEBIBYTE = 1024 * 1024;
const MAX_PIECES = 100_000;

const figures = [];
for (const delivery of ["Unreliable", "BestEffort", "Reliable", "Ordered"]) {
  for (const pieceBytes of [64, 1100]) figures.push(await attack(delivery, pieceBytes));
}
process.on("message", () => process.exit(0));
process.send(figures);

async function attack(delivery, pieceBytes) {
  const endpoint = new ReliableEndpoint({
    control: { bytesOf: () => 0, write() {}, onAcked() {}, resends: () => false },
    randomU32: () => 7,
    maxDatagramBytes: 1200,
    localMaxAckDelayMs: 25,
    peerMaxAckDelayMs: 25,
    maxMessageBytes: MEBIBYTE,
    receiveWindowBytes: 4 * MEBIBYTE,
    peerMaxMessageBytes: MEBIBYTE,
    peerReceiveWindowBytes: 4 * MEBIBYTE,
  });
  const frames = new PacketFrames();
  const writer = new ByteWriter();
  const buffer = new Uint8Array(2000);
  const message = new Uint8Array(MEBIBYTE);
  const before = await memory();
  let pieces = 0;
  let outcome = "old ones dropped";
  for (; pieces < MAX_PIECES; pieces++) {
    // One piece of each message, on all channels in turn.
    const id = (pieces >> 8) & 1023;
    writer.reset(buffer);
    encodeFragment(writer, DeliveryCode[delivery], pieces & 0xff, id, message, 0, pieceBytes);
    buffer[writer.offset] = 0x01;
    frames.decode(buffer, 0, writer.offset + 1);
    const violation = endpoint.onFragment(frames.at(0), buffer, pieces, 0);
    if (violation === undefined) continue;
    outcome = `closed: ${violation}`;
    break;
  }
  const chargedBytes = endpoint.statistics.heldBytes;
  const memoryBytes = (await memory()) - before;
  endpoint.close();
  return { delivery, pieceBytes, pieces, outcome, chargedBytes, memoryBytes, afterBytes: (await memory()) - before };
}

async function memory() {
  // What a collection finds dead of array buffers is freed, and subtracted, beside the program.
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    await sleep(50);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
