// Open loop: each connection sends at its own times, whatever comes back.
export async function runOpenLoop({ connections, perSecond, bytes }, link, meter, onMessage) {
  onMessage((_index, payload) => meter.onEcho(payload));
  const payload = new Uint8Array(bytes);
  const intervalMs = 1000 / perSecond;
  const startMs = performance.now();
  const due = Float64Array.from({ length: connections }, (_, i) => startMs + (i / connections) * intervalMs);
  setInterval(() => {
    const nowMs = performance.now();
    for (let i = 0; i < connections; i++) {
      while (due[i] <= nowMs) {
        meter.stamp(payload);
        link.send(i, payload);
        due[i] += intervalMs;
      }
    }
  }, 1);
}
