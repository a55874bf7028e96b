import { testTransport } from "@sortie/testkit";
import type { DatagramTransport } from "@sortie/transport";
import { describe, it } from "vitest";

/** The example is JavaScript, without types. */
interface Example {
  readonly LoopTransport: new (sockets: Map<number, unknown>, port: number) => DatagramTransport;
}

const { href } = new URL("../../examples/custom-transport/loop-transport.mjs", import.meta.url);
const { LoopTransport } = (await import(href)) as Example;

testTransport({
  name: "examples/custom-transport",
  runner: { describe, it },
  setup: () => {
    const sockets = new Map<number, unknown>();
    let nextPort = 2000;
    return { createTransport: ({ port = 0 }) => new LoopTransport(sockets, port === 0 ? nextPort++ : port) };
  },
});
