// Open loop: each connection sends at its own times, whatever comes back.
export async function runOpenLoop({ connections, perSecond, bytes }, link, meter, onMessage) {
  onMessage((_index, payload) => meter.onEcho(payload));
  const payload = new Uint8Array(bytes);
  const intervalMs = 1000 / perSecond;
  const due = new Float64Array(connections);
  let isResting = false;
  const resume = () => {
    isResting = false;
    const startMs = performance.now();
    for (let i = 0; i < connections; i++) due[i] = startMs + (i / connections) * intervalMs;
  };
  setInterval(() => {
    if (isResting) return;
    const nowMs = performance.now();
    for (let i = 0; i < connections; i++) {
      while (due[i] <= nowMs) {
        meter.stamp(payload);
        link.send(i, payload);
        due[i] += intervalMs;
      }
    }
  }, 1);
  resume();
  return { rest: () => (isResting = true), resume };
}
