// The parent asks twice, at the start and the end of its window; each answer carries CPU time and counters.
export function measureOnRequest(port, counters) {
  process.on("message", (request) => {
    if (request === "exit") process.exit(0);
    const { user, system } = process.cpuUsage();
    process.send({ atMs: performance.now(), cpuMs: (user + system) / 1000, ...counters() });
  });
  process.send({ port });
}
