import { protocolId } from "@sortie/handshake";
import { PAIR_PARAMETERS } from "@sortie/testkit";
import type { SocketAddress } from "@sortie/transport";
import { type ClientHello, decodeRetry, encodeClientHello, encodeTransportParameters } from "@sortie/wire";
import { type GameNetwork, PROTOCOL } from "./game-network.js";
import { recordDatagrams } from "./recorder.js";

let made = 0;

/** Makes well-formed hellos as fast as an attacker would, and fetches cookies for addresses under its control. */
export class HelloFlood {
  private readonly game: GameNetwork;
  private readonly template: ClientHello;

  constructor(game: GameNetwork) {
    this.game = game;
    const { crypto } = game;
    this.template = {
      protocolId: protocolId(crypto, PROTOCOL),
      clientRandom: new Uint8Array(32),
      clientConnectionId: 1,
      suites: Uint8Array.from(crypto.suitePreference),
      keyShare: crypto.generateKeyPair().publicKey,
      cookie: new Uint8Array(0),
      parameters: encodeTransportParameters(PAIR_PARAMETERS),
    };
  }

  /** A hello of an attempt of its own. */
  next(changes: Partial<ClientHello> = {}): ClientHello {
    made += 1;
    const clientRandom = new Uint8Array(32).fill(0xa5);
    new DataView(clientRandom.buffer).setUint32(0, made);
    return { ...this.template, clientRandom, clientConnectionId: made, ...changes };
  }

  /** Sends one hello from each address, and gives each again with the cookie that came back. Ten in a millisecond. */
  async withCookies(addresses: readonly SocketAddress[], changes: Partial<ClientHello> = {}): Promise<ClientHello[]> {
    const { game } = this;
    const seen = recordDatagrams(game.network);
    const hellos = addresses.map(() => this.next(changes));
    addresses.forEach((from, i) => {
      game.network.inject(encodeClientHello(hellos[i] as ClientHello), from, game.serverAddress, i / 10);
    });
    await game.run(addresses.length / 10 + 1);
    const cookies = new Map<number, Uint8Array>();
    for (const { datagram, from } of seen) {
      if (!from.equals(game.serverAddress)) continue;
      const retry = decodeRetry(datagram);
      if (typeof retry !== "string") cookies.set(retry.clientConnectionId, retry.cookie);
    }
    return hellos.map((hello) => {
      const cookie = cookies.get(hello.clientConnectionId);
      if (cookie === undefined) throw new Error("a hello got no cookie");
      return { ...hello, cookie };
    });
  }
}
