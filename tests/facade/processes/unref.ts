/** A server and its client, connected, that do not keep their process alive. Argument: "dgram" or "mmsg". */
import { SystemClock } from "@sortie/transport";
import { createDgramTransport } from "@sortie/transport-dgram";
import { connect, createServer, createUdpTransport, generateIdentity } from "sortie";

const keeping = setInterval(() => undefined, 1000);
const create = process.argv[2] === "dgram" ? createDgramTransport : createUdpTransport;
const parts = () => ({
  protocol: "g",
  clock: new SystemClock({ unref: true }),
  transport: create({ host: "127.0.0.1", unref: true }),
});
const identity = generateIdentity();
const server = createServer({ ...parts(), identity });
const { address: host, port } = await server.listen();
const arrived = new Promise((resolve) => server.once("message", resolve));
const client = await connect({ ...parts(), host, port, serverKey: identity.publicKey });
client.send("hello", { delivery: "reliable" });
await arrived;
console.log("connected");
clearInterval(keeping);
