import type { LinkSimulator, MemoryNetwork, MemoryTransport } from "@sortie/transport-memory";
import type { Client, InboundMessage, Peer } from "sortie";
import { FlowBooks } from "./flow-books.js";

const SERVER_HOST = "10.0.0.1";

/** A client, the server's view of it, and the books of both directions. */
export class Player {
  readonly client: Client;
  readonly peer: Peer;
  readonly transport: MemoryTransport;
  readonly toServer: FlowBooks = new FlowBooks();
  readonly toClient: FlowBooks = new FlowBooks();
  private readonly network: MemoryNetwork;
  private readonly onMessage = ({ channel, payload }: InboundMessage): void => {
    this.toClient.receive(channel, payload, this.network.clock.now());
  };

  constructor(parts: {
    readonly network: MemoryNetwork;
    readonly client: Client;
    readonly peer: Peer;
    readonly transport: MemoryTransport;
  }) {
    this.network = parts.network;
    this.client = parts.client;
    this.peer = parts.peer;
    this.transport = parts.transport;
  }

  /** Takes all messages from now on, those that wait as well: the application reads. */
  startReading(): void {
    this.client.on("message", this.onMessage);
  }

  /** Leaves what comes where it is: the application has stopped to read. */
  stopReading(): void {
    this.client.off("message", this.onMessage);
  }

  /** The path from the server to this client. */
  get downLink(): LinkSimulator {
    return this.network.link(SERVER_HOST, this.transport.host);
  }

  /** The path from this client to the server. */
  get upLink(): LinkSimulator {
    return this.network.link(this.transport.host, SERVER_HOST);
  }
}
