// The floor: node:dgram that sends every datagram back at once, with no protocol and no encryption. A datagram of one
// byte makes its sender known, for workloads that send by ticks.
import { createSocket } from "node:dgram";
import { play, serveFigures } from "../lib/server-meter.mjs";
import { startTicks } from "./peers-of-ticks.mjs";

const { echo = true, tickRate = 0, tickBytes = 0, broadcastHz = 0, broadcastBytes = 0 } = JSON.parse(process.argv[2]);
const socket = createSocket({
  type: "udp4",
  recvBufferSize: 1_048_576,
  sendBufferSize: 1_048_576,
  lookup: (host, _options, callback) => callback(null, host, 4),
});
const peers = [];
let messages = 0;
let datagrams = 0;
socket.on("message", (datagram, remote) => {
  datagrams += 1;
  if (datagram.length === 1) {
    peers.push(remote);
    socket.send(datagram, remote.port, remote.address);
    datagrams += 1;
    return;
  }
  messages += 1;
  if (!echo) return;
  datagrams += 1;
  socket.send(datagram, remote.port, remote.address);
});
const state = new Uint8Array(Math.max(1, tickBytes, broadcastBytes)).fill(0xff);
function sendToAll() {
  if (!play.isOn) return;
  for (const { address, port } of peers) socket.send(state, port, address);
  datagrams += peers.length;
}
const ticks = startTicks(tickBytes > 0 ? tickRate : 0, sendToAll);
if (broadcastHz > 0) {
  setInterval(() => {
    sendToAll();
    if (play.isOn) messages += peers.length;
  }, 1000 / broadcastHz);
}
socket.bind(0, "127.0.0.1", () => {
  serveFigures({ port: socket.address().port }, () => ({ messages, datagrams, peers: peers.length, ...ticks() }));
});
