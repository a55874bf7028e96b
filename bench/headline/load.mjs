// Open loop: each client sends at its own times, whatever comes back. Round trips are measured by a time stamp in the
// message.
import { percentile } from "../lib/figures.mjs";

const MESSAGES_PER_SECOND = 32;
const MESSAGE_BYTES = 64;

export async function runLoad(clients, open) {
  const roundTrips = [];
  let sent = 0;
  let isMeasuring = false;
  const senders = [];
  for (let i = 0; i < clients; i++) {
    senders.push(
      await open((payload) => {
        if (!isMeasuring) return;
        const view = new DataView(payload.buffer, payload.byteOffset);
        roundTrips.push(performance.now() - view.getFloat64(0));
      }),
    );
  }
  const startMs = performance.now();
  const due = senders.map((_, i) => startMs + (i / clients) * (1000 / MESSAGES_PER_SECOND));
  setInterval(() => {
    const nowMs = performance.now();
    for (let i = 0; i < clients; i++) {
      while (due[i] <= nowMs) {
        const payload = new Uint8Array(MESSAGE_BYTES);
        new DataView(payload.buffer).setFloat64(0, performance.now());
        senders[i](payload);
        if (isMeasuring) sent += 1;
        due[i] += 1000 / MESSAGES_PER_SECOND;
      }
    }
  }, 1);
  process.on("message", (request) => {
    if (request === "exit") process.exit(0);
    if (request === "start") isMeasuring = true;
    if (request === "stop") {
      isMeasuring = false;
      const [rttP50Ms, rttP99Ms] = [percentile(roundTrips, 0.5), percentile(roundTrips, 0.99)];
      process.send({ sent, echoed: roundTrips.length, rttP50Ms, rttP99Ms });
    }
  });
  process.send({ ready: true });
}
