import { testTransport } from "@sortie/testkit";
import { SocketAddress } from "@sortie/transport";
import { createDgramTransport } from "@sortie/transport-dgram";
import { describe, it } from "vitest";
import { hasIpv6 } from "../support/has-ipv6.js";

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
