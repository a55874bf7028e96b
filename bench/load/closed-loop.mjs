// Closed loop: every connection has so many messages on their way; each echo sends the next.

/** ms. Unreliable echoes may be lost: a connection that hears nothing for so long starts anew. */
const STALLED_MS = 250;

export async function runClosedLoop({ connections, inFlight, bytes }, link, meter, onMessage) {
  const payload = new Uint8Array(bytes);
  const heardAtMs = new Float64Array(connections).fill(performance.now());
  const send = (index) => {
    meter.stamp(payload);
    link.send(index, payload);
  };
  let isResting = false;
  onMessage((index, echo) => {
    meter.onEcho(echo);
    if (isResting) return;
    heardAtMs[index] = performance.now();
    send(index);
  });
  const begin = (index, nowMs) => {
    heardAtMs[index] = nowMs;
    for (let i = 0; i < inFlight; i++) send(index);
  };
  const resume = () => {
    isResting = false;
    const nowMs = performance.now();
    for (let index = 0; index < connections; index++) begin(index, nowMs);
  };
  setInterval(() => {
    if (isResting) return;
    const nowMs = performance.now();
    for (let index = 0; index < connections; index++) {
      if (nowMs - heardAtMs[index] >= STALLED_MS) begin(index, nowMs);
    }
  }, STALLED_MS);
  resume();
  return { rest: () => (isResting = true), resume };
}
