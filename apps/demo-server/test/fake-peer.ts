import {
  decodeServerMessage,
  encodeInput,
  MessageWriter,
  type PlayerInput,
  type Route,
  ROUTES,
  type ServerMessage,
} from "@sortie-apps/arena";
import type { GameServer } from "../src/game-server.js";
import type { GamePeer, GameReceipt } from "../src/seat.js";

type Of<Type extends ServerMessage["type"]> = Extract<ServerMessage, { type: Type }>;

/** A peer without a network: keeps what the server sends it, and says what a test wants said. */
export class FakePeer implements GamePeer {
  readonly id: number;
  readonly writer: MessageWriter = new MessageWriter();
  readonly inbox: { readonly message: ServerMessage; readonly delivery: string }[] = [];
  /** What the next sends are refused for; undefined: they are taken. */
  refusal: string | undefined;
  disconnectedFor: string | undefined;
  private readonly game: GameServer;

  constructor(game: GameServer, id: number) {
    this.game = game;
    this.id = id;
  }

  send(payload: Uint8Array, options: (typeof ROUTES)[Route]): GameReceipt {
    if (this.refusal === undefined) this.deliver(payload, options);
    return { accepted: this.refusal === undefined, refusal: this.refusal };
  }

  /** The network brings a message to this peer. */
  deliver(payload: Uint8Array, { delivery }: (typeof ROUTES)[Route]): void {
    const message = decodeServerMessage(payload.slice());
    if (message === undefined) throw new Error("the server sent what is no message");
    this.inbox.push({ message, delivery });
  }

  disconnect(reason?: string): void {
    this.disconnectedFor = reason;
    this.game.leave(this.id);
  }

  /** Says something to the server, by its own route. */
  say(route: Route, payload: Uint8Array): void {
    const { delivery, channel } = ROUTES[route];
    this.game.receive(this.id, { payload: payload.slice(), delivery, channel });
  }

  sayInput(input: PlayerInput): void {
    this.say("states", encodeInput(this.writer, input));
  }

  /** Everything of one type that has come, oldest first. */
  got<Type extends ServerMessage["type"]>(type: Type): Of<Type>[] {
    return this.inbox.map(({ message }) => message).filter((message): message is Of<Type> => message.type === type);
  }

  last<Type extends ServerMessage["type"]>(type: Type): Of<Type> {
    const last = this.got(type).at(-1);
    if (last === undefined) throw new Error(`no ${type} has come`);
    return last;
  }

  /** Numbers of all that came by one delivery mode. */
  numbers(delivery: string): number[] {
    return this.inbox
      .filter((entry) => entry.delivery === delivery)
      .map(({ message }) => ("number" in message ? message.number : -1));
  }
}
