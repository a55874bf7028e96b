// WebSocket on TCP by ws, with TLS where "tls" is set: AES-128-GCM under a pre-shared key, so that no certificate is
// needed; what is measured is records, not handshakes.
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { WebSocketServer } from "ws";
import { play, serveFigures } from "../lib/server-meter.mjs";
import { startTicks } from "./peers-of-ticks.mjs";
import { PSK_OPTIONS } from "./ws-tls.mjs";

const config = JSON.parse(process.argv[2]);
const { tls = false, echo = true, tickRate = 0, tickBytes = 0, broadcastHz = 0, broadcastBytes = 0 } = config;
const http = tls ? createHttpsServer(PSK_OPTIONS) : createHttpServer();
const server = new WebSocketServer({ server: http, perMessageDeflate: false });
let messages = 0;
let frames = 0;
server.on("connection", (socket) => {
  socket.on("message", (data) => {
    frames += 1;
    messages += 1;
    if (config.bulk !== undefined) return sendBulk(socket, config.bulk);
    if (!echo) return;
    frames += 1;
    socket.send(data);
  });
});
/** So many messages at once, until all bytes have gone. */
function sendBulk(socket, { totalBytes, messageBytes, inFlight }) {
  const payload = new Uint8Array(messageBytes).fill(0xff);
  let left = totalBytes;
  const sendNext = () => {
    if (left <= 0) return;
    left -= messageBytes;
    socket.send(payload, sendNext);
  };
  for (let i = 0; i < inFlight; i++) sendNext();
}
const state = new Uint8Array(Math.max(1, tickBytes, broadcastBytes)).fill(0xff);
function sendToAll() {
  if (!play.isOn) return;
  for (const socket of server.clients) socket.send(state);
  frames += server.clients.size;
}
const ticks = startTicks(tickBytes > 0 ? tickRate : 0, sendToAll);
if (broadcastHz > 0) {
  setInterval(() => {
    sendToAll();
    if (play.isOn) messages += server.clients.size;
  }, 1000 / broadcastHz);
}
http.listen(0, "127.0.0.1", () => {
  const { port } = http.address();
  serveFigures({ port, tls }, () => ({ messages, datagrams: frames, peers: server.clients.size, ...ticks() }));
});
