// The obvious TypeScript: node:dgram, node:crypto, and a Map of sessions keyed by "address:port".
import { createSocket } from "node:dgram";
import { play, serveFigures } from "../lib/server-meter.mjs";
import { Session } from "./obvious-packets.mjs";
import { startTicks } from "./peers-of-ticks.mjs";

const { echo = true, tickRate = 0, tickBytes = 0, broadcastHz = 0, broadcastBytes = 0 } = JSON.parse(process.argv[2]);
const socket = createSocket({ type: "udp4", recvBufferSize: 1_048_576, sendBufferSize: 1_048_576 });
const sessions = new Map();
let messages = 0;
let datagrams = 0;
socket.on("message", (datagram, remote) => {
  datagrams += 1;
  const key = `${remote.address}:${remote.port}`;
  let peer = sessions.get(key);
  if (peer === undefined) {
    peer = { session: new Session(true), address: remote.address, port: remote.port };
    sessions.set(key, peer);
  }
  const payload = peer.session.open(datagram);
  if (payload === undefined) return;
  if (payload.length > 1) messages += 1;
  if (!echo && payload.length > 1) return;
  datagrams += 1;
  socket.send(peer.session.seal(payload), peer.port, peer.address);
});
const state = Buffer.alloc(Math.max(1, tickBytes, broadcastBytes), 0xff);
function sendToAll() {
  if (!play.isOn) return;
  for (const { session, address, port } of sessions.values()) socket.send(session.seal(state), port, address);
  datagrams += sessions.size;
}
const ticks = startTicks(tickBytes > 0 ? tickRate : 0, sendToAll);
if (broadcastHz > 0) {
  setInterval(() => {
    sendToAll();
    if (play.isOn) messages += sessions.size;
  }, 1000 / broadcastHz);
}
socket.bind(0, "127.0.0.1", () => {
  serveFigures({ port: socket.address().port }, () => ({ messages, datagrams, peers: sessions.size, ...ticks() }));
});
