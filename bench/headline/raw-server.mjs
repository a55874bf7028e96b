// The floor: node:dgram that sends every datagram back at once, with no protocol and no encryption.
import { createSocket } from "node:dgram";
import { measureOnRequest } from "../lib/measure.mjs";

const socket = createSocket({ type: "udp4", lookup: (host, _options, callback) => callback(null, host, 4) });
let datagrams = 0;
socket.on("message", (datagram, { address, port }) => {
  datagrams += 1;
  socket.send(datagram, port, address);
});
socket.bind(0, "127.0.0.1", () => {
  measureOnRequest(socket.address().port, () => ({ messages: datagrams, datagrams: 2 * datagrams }));
});
