import { createClient, type ClientOptions, type PolledClient } from "@sortie/client";
import type { InboundMessage } from "@sortie/reliability";
import type { GameNetwork } from "./game-network.js";

/** A game loop in virtual time: updates a polled client once a frame and takes what it received. */
export class FrameLoop {
  readonly client: PolledClient;
  /** ms; may change from frame to frame. */
  frameMs: number;
  /** bytes of messages that the client received. */
  receivedBytes = 0;
  /** What the game does besides, first thing in its frame. */
  beforeUpdate: () => void = () => undefined;
  onMessage: (message: InboundMessage) => void = () => undefined;
  private readonly game: GameNetwork;
  private isOver = false;

  constructor(game: GameNetwork, frameMs: number, options: Partial<ClientOptions> = {}) {
    this.game = game;
    this.frameMs = frameMs;
    this.client = createClient(game.clientOptions(options));
    this.next();
  }

  async connected(): Promise<void> {
    while (this.client.state === "connecting") await this.game.run(50);
    if (this.client.state !== "connected") throw this.client.error ?? new Error("the client is not connected");
  }

  /** The game makes no more frames. */
  stop(): void {
    this.isOver = true;
  }

  async end(): Promise<void> {
    this.stop();
    await this.game.settle(this.client.close());
  }

  private next(): void {
    this.game.clock.setTimer(this.game.clock.now() + this.frameMs, () => {
      if (this.isOver) return;
      this.frame();
      this.next();
    });
  }

  private frame(): void {
    const { client } = this;
    this.beforeUpdate();
    client.update(this.game.clock.now());
    for (let message = client.receive(); message !== undefined; message = client.receive()) {
      this.receivedBytes += message.payload.length;
      this.onMessage(message);
    }
  }
}
