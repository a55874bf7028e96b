import { SocketAddress } from "@sortie/transport";
import { describe, it } from "vitest";
import { testTransport } from "../../testkit/src/transport-compliance/index.js";
import { createDgramTransport } from "../src/index.js";
import { hasIpv6 } from "./has-ipv6.js";

const runner = { describe, it };

testTransport({
  name: "dgram, IPv4",
  runner,
  setup: () => ({ createTransport: ({ port = 0 }) => createDgramTransport({ host: "127.0.0.1", port }) }),
});

testTransport({
  name: "dgram, every local IPv4 address",
  runner,
  setup: () => ({ createTransport: ({ port = 0 }) => createDgramTransport({ host: "0.0.0.0", port }) }),
});

if (hasIpv6()) {
  testTransport({
    name: "dgram, dual stack over IPv4",
    runner,
    setup: () => ({
      createTransport: ({ port = 0 }) => createDgramTransport({ port }),
      reach: (local) => SocketAddress.parse("127.0.0.1", local.port),
    }),
  });

  testTransport({
    name: "dgram, dual stack over IPv6",
    runner,
    setup: () => ({
      createTransport: ({ port = 0 }) => createDgramTransport({ port }),
      reach: (local) => SocketAddress.parse("::1", local.port),
    }),
  });
}
