// Server under test: echoes at 60 ticks/s. Reports its own CPU time over the measured window to its parent.
import { createServer, loadIdentity } from "sortie";
import { measureOnRequest } from "../lib/measure.mjs";

const identity = await loadIdentity(process.argv[2]);
const server = createServer({
  protocol: "bench/1",
  identity,
  host: "127.0.0.1",
  port: 0,
  tickRate: 60,
  maxPeers: 1024,
});
let echoed = 0;
server.on("message", (peer, message) => {
  echoed += 1;
  peer.send(message.payload, { delivery: message.delivery });
});
const { port } = await server.listen();
measureOnRequest(port, () => {
  const { ticks, transport } = server.stats;
  return {
    messages: echoed,
    datagrams: transport.datagramsReceived + transport.datagramsSent,
    ticks: ticks.ticks,
    lateP99Ms: ticks.lateP99Ms,
    peers: server.stats.peers,
  };
});
