import { createSocket, type Socket } from "node:dgram";

/**
 * A relay between real sockets on loopback that behaves as a home router's NAT does: one outer socket for each inner
 * one, which it may forget, and inner ones that it may stop to serve.
 */
export class NatProxy {
  private readonly inside: Socket = createSocket("udp4");
  private readonly outside: Map<string, Socket> = new Map();
  private readonly dead: Set<string> = new Set();
  private readonly serverPort: number;
  /** Datagrams of clients that are not served any more. */
  swallowed = 0;

  constructor(serverPort: number) {
    this.serverPort = serverPort;
  }

  /** Resolves with the port that clients use in the server's place. */
  async listen(): Promise<number> {
    this.inside.on("message", (datagram, from) => {
      const key = `${from.port}`;
      if (this.dead.has(key)) {
        this.swallowed += 1;
        return;
      }
      let out = this.outside.get(key);
      if (out === undefined) {
        out = createSocket("udp4");
        out.on("message", (answer) => this.inside.send(answer, from.port, "127.0.0.1"));
        this.outside.set(key, out);
      }
      out.send(datagram, this.serverPort, "127.0.0.1");
    });
    await new Promise<void>((resolve) => this.inside.bind(0, "127.0.0.1", resolve));
    return this.inside.address().port;
  }

  /** Forgets all its entries: the server sees every client at another port from now on. */
  forget(): void {
    for (const socket of this.outside.values()) socket.close();
    this.outside.clear();
  }

  /** Nothing passes any more for the present sockets of clients; new ones are served. */
  kill(): void {
    for (const key of this.outside.keys()) this.dead.add(key);
    this.forget();
  }

  async close(): Promise<void> {
    this.forget();
    await new Promise<void>((resolve) => this.inside.close(resolve));
  }
}
