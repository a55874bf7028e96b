import { type Client, type ClientOptions, connect, createServer, generateIdentity, type Server } from "sortie";

export const IDENTITY = generateIdentity();

export type UdpServerOptions = Omit<Parameters<typeof createServer>[0], "protocol">;

/** An echo server on real UDP, and the clients of one test: `end` closes them all. */
export class UdpGame {
  readonly server: Server;
  readonly clients: Client[] = [];
  port = 0;

  constructor(options: UdpServerOptions = {}) {
    const where = options.transport === undefined ? { host: "127.0.0.1", port: 0 } : {};
    this.server = createServer({ protocol: "udp/1", identity: IDENTITY, ...where, tickRate: 0, ...options });
    this.server.on("message", (peer, { payload, delivery, channel }) => void peer.send(payload, { delivery, channel }));
  }

  static async listening(options: UdpServerOptions = {}): Promise<UdpGame> {
    const game = new UdpGame(options);
    game.port = (await game.server.listen()).port;
    return game;
  }

  clientOptions(options: Partial<ClientOptions> = {}): ClientOptions {
    const { port } = this;
    return { host: "127.0.0.1", port, protocol: "udp/1", serverKey: IDENTITY.publicKey, ...options };
  }

  async connect(options: Partial<ClientOptions> = {}): Promise<Client> {
    const client = await connect(this.clientOptions(options));
    this.clients.push(client);
    return client;
  }

  async end(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
    await this.server.close();
  }
}

/** Sends a word and resolves with the answer to it. */
export function echo(client: Client, word: string): Promise<string> {
  return new Promise((resolve) => {
    const listener = ({ payload }: { readonly payload: Uint8Array }): void => {
      const text = new TextDecoder().decode(payload);
      if (text !== word) return;
      client.off("message", listener);
      resolve(text);
    };
    client.on("message", listener);
    client.send(word, { delivery: "reliable" });
  });
}
