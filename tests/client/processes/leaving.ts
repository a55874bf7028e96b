/**
 * A client that leaves, and whose process ends when it is told of its end, as many a game does. Arguments: the server's
 * port, and "client" or "swarm".
 */
import { openSwarm } from "@sortie/client";
import { createNodeProvider } from "@sortie/handshake/node";
import { createDgramTransport } from "@sortie/transport-dgram";
import { connect } from "sortie";

const [, , port, kind] = process.argv;
const options = { host: "127.0.0.1", port: Number(port), protocol: "leaving/1", dangerouslyTrustAnyServer: true };

if (kind === "swarm") {
  const parts = { crypto: createNodeProvider(), transport: createDgramTransport() };
  const swarm = await openSwarm(
    { ...options, ...parts },
    {
      onConnect: (client) => {
        client.send("last words", { delivery: "reliable" });
        client.close({ reason: "bye", drainMs: 1000 });
      },
      onDisconnect: () => process.exit(7),
    },
  );
  swarm.add();
} else {
  const client = await connect(options);
  client.on("disconnect", () => process.exit(7));
  client.send("last words", { delivery: "reliable" });
  void client.close({ reason: "bye" });
}
