import { testTransport } from "@sortie/testkit";
import { SocketAddress } from "@sortie/transport";
import { createMmsgTransport } from "@sortie/transport-mmsg";
import { describe, it } from "vitest";
import { hasIpv6 } from "../support/has-ipv6.js";

const runner = { describe, it };

testTransport({
  name: "mmsg, IPv4",
  runner,
  setup: () => ({ createTransport: ({ port = 0 }) => createMmsgTransport({ host: "127.0.0.1", port }) }),
});

if (hasIpv6()) {
  testTransport({
    name: "mmsg, dual stack over IPv4",
    runner,
    setup: () => ({
      createTransport: ({ port = 0 }) => createMmsgTransport({ port }),
      reach: (local) => SocketAddress.parse("127.0.0.1", local.port),
    }),
  });

  testTransport({
    name: "mmsg, dual stack over IPv6",
    runner,
    setup: () => ({
      createTransport: ({ port = 0 }) => createMmsgTransport({ port }),
      reach: (local) => SocketAddress.parse("::1", local.port),
    }),
  });
}
