// Asks the server for its bulk and waits until all of it is here.

/** ms. A transfer that takes longer has failed. */
const LONGEST_MS = 60_000;

export async function runBulk({ totalBytes }, link, _meter, onMessage) {
  let bytes = 0;
  let done = () => {};
  onMessage((_index, payload) => {
    bytes += payload.length;
    if (bytes >= totalBytes) done();
  });
  process.on("message", (request) => {
    if (request !== "bulk") return;
    const startMs = performance.now();
    const timer = setTimeout(() => {
      throw new Error(`"bulk" expected ${totalBytes} bytes within ${LONGEST_MS} ms, got ${bytes}`);
    }, LONGEST_MS);
    done = () => {
      clearTimeout(timer);
      process.send({ elapsedMs: performance.now() - startMs });
    };
    link.send(0, new Uint8Array(8));
  });
}
