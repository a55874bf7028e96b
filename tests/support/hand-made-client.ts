import { ClientHandshake, type EstablishedKeys, protocolId } from "@sortie/handshake";
import { createNodeProvider } from "@sortie/handshake/node";
import { PAIR_PARAMETERS } from "@sortie/testkit";
import type { SocketAddress } from "@sortie/transport";
import { type GameNetwork, PROTOCOL } from "./game-network.js";
import { sealHostile } from "./hostile-packets.js";
import { recordDatagrams, type SeenDatagram } from "./recorder.js";

let made = 0;
/** Of all: to make one takes as long as many packets. */
const sealing = createNodeProvider();

/** A client with valid keys that does as the attacker likes. It needs no host: it listens on the wire. */
export class HandMadeClient {
  readonly handshake: ClientHandshake;
  readonly from: SocketAddress;
  readonly seen: SeenDatagram[];
  keys: EstablishedKeys | undefined;
  private readonly game: GameNetwork;
  private packetNumber = 0;

  constructor(game: GameNetwork, from: SocketAddress) {
    const { crypto, identity } = game;
    this.game = game;
    this.from = from;
    this.seen = recordDatagrams(game.network, from);
    this.handshake = new ClientHandshake({
      crypto,
      protocolId: protocolId(crypto, PROTOCOL),
      clientConnectionId: ++made,
      parameters: PAIR_PARAMETERS,
      trust: { kind: "pin", publicKey: identity.publicKey },
    });
  }

  /** Up to the keys; the server has a half-open connection then. */
  async shakeHands(): Promise<this> {
    for (let step = 0; step < 2; step++) {
      this.sendRaw(this.handshake.hello());
      await this.game.run(1);
      const progress = this.handshake.receive((this.seen.at(-1) as SeenDatagram).datagram);
      if (progress.kind === "established") this.keys = progress.keys;
    }
    if (this.keys === undefined) throw new Error("the server did not answer the hello");
    return this;
  }

  sendRaw(datagram: Uint8Array): void {
    this.game.network.inject(datagram, this.from, this.game.serverAddress);
  }

  /** A packet of any frames, under the connection's keys. */
  send(frames: Uint8Array): void {
    const { keys } = this;
    if (keys === undefined) throw new Error("shakeHands first");
    this.sendRaw(
      sealHostile({
        crypto: sealing,
        secret: keys.secrets.clientSecret,
        connectionId: keys.remoteConnectionId,
        packetNumber: this.packetNumber++,
        frames,
      }),
    );
  }
}
