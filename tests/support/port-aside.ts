import { createSocket } from "node:dgram";
import { once } from "node:events";

/** Below what Linux (from 32768), macOS and Windows (from 49152) give to sockets that leave the choice to them. */
const FIRST_PORT = 20_000;
const PORTS = 12_000;
const TRIES = 20;

/**
 * Opens something on a port that no system gives to anyone by itself. Once it is closed the port stays free: one of the
 * system's choice may be given to a socket of another test, or to a client's, as soon as it is released.
 */
export async function onPortAside<T>(open: (port: number) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await open(FIRST_PORT + Math.floor(Math.random() * PORTS));
    } catch (error) {
      const { code } = error as { readonly code?: unknown };
      // What somebody has taken before; no other fault goes away elsewhere.
      if ((code !== "EADDRINUSE" && code !== "address-in-use") || tries === TRIES) throw error;
    }
  }
}

/** A UDP port of loopback that nobody listens on, and that nobody is given. */
export function unusedUdpPort(): Promise<number> {
  return onPortAside(async (port) => {
    const socket = createSocket("udp4").bind(port, "127.0.0.1");
    await once(socket, "listening");
    await new Promise<void>((resolve) => socket.close(resolve));
    return port;
  });
}
