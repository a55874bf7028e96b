import type { CryptoProvider, KeyLogEntry } from "@sortie/handshake";
import type { CipherSuite } from "@sortie/wire";
import { PacketFlow } from "./packet-flow.js";

export type Side = "client" | "server";

/** Connections with one connection ID: IDs are random, and a file holds few runs. The oldest without keys go first. */
const MAX_WITH_SAME_ID = 16;
/** Connections known from handshakes alone, and hellos whose answer has not come. The oldest are forgotten. */
const MAX_REMEMBERED = 65_536;

/** One connection of a capture. */
export class CapturedConnection {
  /** "C1" for the first that is seen in the capture; empty until then. */
  name = "";
  readonly clientConnectionId: number;
  readonly serverConnectionId: number;
  /** Whether its keys are known. */
  readonly hasKeys: boolean;
  readonly #flows: Readonly<Record<Side, PacketFlow>> | undefined;

  constructor(clientConnectionId: number, serverConnectionId: number, flows?: Readonly<Record<Side, PacketFlow>>) {
    this.clientConnectionId = clientConnectionId;
    this.serverConnectionId = serverConnectionId;
    this.hasKeys = flows !== undefined;
    this.#flows = flows;
  }

  /** What this side sends; undefined without keys. */
  flowOf(sender: Side): PacketFlow | undefined {
    return this.#flows?.[sender];
  }
}

/** A connection that a packet may belong to, and who then sent it. */
export interface Candidate {
  readonly connection: CapturedConnection;
  readonly sender: Side;
}

/** Finds connections by the IDs in protected packets, as the receiving side does: addresses may change. */
export class ConnectionDirectory {
  /** The newest first. */
  readonly #byId = new Map<number, Candidate[]>();
  readonly #keyed = new Map<string, CapturedConnection>();
  /** Client randoms of hellos, by connection ID. */
  readonly #randoms = new Map<number, string>();
  /** Connections known from their handshake, without keys: in the order of their coming. */
  readonly #seen = new Map<string, CapturedConnection>();
  #named = 0;

  constructor(crypto: CryptoProvider, entries: readonly KeyLogEntry[]) {
    for (const entry of entries) {
      const { clientConnectionId, serverConnectionId, suite, clientSecret, serverSecret } = entry;
      const client = new PacketFlow(crypto, suite as CipherSuite, clientSecret);
      const server = new PacketFlow(crypto, suite as CipherSuite, serverSecret);
      const connection = new CapturedConnection(clientConnectionId, serverConnectionId, { client, server });
      this.#keyed.set(keyOf(entry.clientRandom.join(), clientConnectionId, serverConnectionId), connection);
      this.#enter(connection);
    }
  }

  /** A CLIENT_HELLO was seen. */
  onClientHello(clientConnectionId: number, clientRandom: Uint8Array): void {
    this.#randoms.delete(clientConnectionId);
    this.#randoms.set(clientConnectionId, clientRandom.join());
    if (this.#randoms.size > MAX_REMEMBERED) this.#randoms.delete(this.#randoms.keys().next().value as number);
  }

  /** A SERVER_HELLO was seen: the connection that it begins, which from now on is the first to be asked. */
  onServerHello(clientConnectionId: number, serverConnectionId: number): CapturedConnection {
    const random = this.#randoms.get(clientConnectionId) ?? "";
    const key = keyOf(random, clientConnectionId, serverConnectionId);
    const known = this.#keyed.get(key) ?? this.#seen.get(key);
    if (known !== undefined) {
      this.#enter(known);
      return this.named(known);
    }
    const connection = new CapturedConnection(clientConnectionId, serverConnectionId);
    this.#seen.set(key, connection);
    if (this.#seen.size > MAX_REMEMBERED) {
      const [oldest, forgotten] = this.#seen.entries().next().value as [string, CapturedConnection];
      this.#seen.delete(oldest);
      this.#remove(forgotten);
    }
    this.#enter(connection);
    return this.named(connection);
  }

  /** Whom a protected packet with this ID may belong to, the likeliest first. */
  find(connectionId: number): readonly Candidate[] {
    return this.#byId.get(connectionId) ?? [];
  }

  /** Gives the connection its name, if it has none. */
  named(connection: CapturedConnection): CapturedConnection {
    if (connection.name === "") connection.name = `C${++this.#named}`;
    return connection;
  }

  /** Each ID stands in packets for the side that chose it. */
  #enter(connection: CapturedConnection): void {
    this.#remove(connection);
    this.#add(connection.clientConnectionId, { connection, sender: "server" });
    this.#add(connection.serverConnectionId, { connection, sender: "client" });
  }

  #add(id: number, candidate: Candidate): void {
    const list = this.#byId.get(id) ?? [];
    list.unshift(candidate);
    if (list.length > MAX_WITH_SAME_ID) {
      // Forged handshakes, which have no keys, do not push out what can be opened. -1 stands for the last one.
      const oldest = list.findLastIndex((each) => !each.connection.hasKeys);
      list.splice(oldest, 1);
    }
    this.#byId.set(id, list);
  }

  #remove(connection: CapturedConnection): void {
    for (const id of [connection.clientConnectionId, connection.serverConnectionId]) {
      const rest = (this.#byId.get(id) ?? []).filter((candidate) => candidate.connection !== connection);
      if (rest.length > 0) this.#byId.set(id, rest);
      else this.#byId.delete(id);
    }
  }
}

function keyOf(random: string, clientConnectionId: number, serverConnectionId: number): string {
  return `${random} ${clientConnectionId} ${serverConnectionId}`;
}
