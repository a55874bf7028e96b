import {
  type Client,
  type ConnectionStatistics,
  connect,
  createServer,
  type DisconnectReason,
  generateIdentity,
  type InboundMessage,
  type Peer,
} from "sortie";
import { SocketAddress } from "@sortie/transport";
import { PythonProcess } from "./python-process.js";
import { runWornClient } from "./worn-client.js";

const PROTOCOL = "interop/1";
const HOST = "127.0.0.1";
/** Little may be sent, so that little is needed to overrun it; a PING comes after little silence. */
const OPTIONS = { protocol: PROTOCOL, maxMessageBytes: 4096, receiveWindowBytes: 4096, keepAliveMs: 100 };
/** ms. Where Python has ended, its clients are not to wait for it. */
const PATIENCE_MS = 15_000;
/** Of the messages that overrun the credit: nobody reads them. */
const UNREAD_CHANNEL = 12;

/** What Python does wrong, each on a connection of its own, and the code that docs/PROTOCOL.md answers it with. */
export const VIOLATIONS: Readonly<Record<string, number>> = {
  "acknowledges a packet that was never sent": 5,
  "sends a frame of the reserved type": 5,
  "sends a second encoding": 5,
  "sends a message that is too long": 5,
  "sends a piece that is too small": 5,
  "uses a message ID beyond the window": 5,
  "sends what only the other side may": 5,
  "leaps too far in packet numbers": 5,
  "overruns its credit": 6,
};

type Close = readonly [code: number, text: string];
type Generations = { readonly sent: number; readonly received: number };

/** What interop.py saw, in either role. */
export interface SeenByPython {
  readonly sessionId: string;
  readonly echo: readonly unknown[];
  readonly large: readonly (readonly [delivery: string, bytes: number, pieces: number])[];
  readonly disorder: readonly string[];
  readonly sortieRepeats: { readonly lost: readonly number[]; readonly brought: readonly number[] };
  readonly weRepeat: { readonly lostIsAcknowledged: boolean };
  readonly firstUpdate: Generations;
  readonly secondUpdate: Generations;
  readonly ping: { readonly frames: readonly string[]; readonly bytes: number };
  readonly forged: readonly string[];
  readonly moved: { readonly ports: readonly number[] };
  readonly answerToClose: Close;
  readonly violations: Readonly<Record<string, Close>>;
}

export interface SeenAsClient extends SeenByPython {
  readonly rejected: readonly number[];
  readonly retries: number;
  readonly toldToGo: Close;
  readonly refused: Close;
  readonly wasAccepted: boolean;
}

export interface SeenAsServer extends SeenByPython {
  /** Types of the handshake packets that it sent. */
  readonly answers: readonly number[];
  readonly closeOfSortie: Close;
  readonly updateOfSortie: Generations;
}

/** What Sortie saw of a connection. */
export class Life {
  readonly messages: InboundMessage[] = [];
  /** Datagrams dropped so far, by the text of the message that came then. */
  readonly droppedBefore: Map<string, number> = new Map();
  readonly ports: number[] = [];
  sessionId = "";
  statistics: ConnectionStatistics | undefined;
  reason: DisconnectReason | undefined;

  /** Notes a message and sends it back; returns its text. */
  onMessage(side: Peer | Client, message: InboundMessage): string {
    const { payload, delivery, channel } = message;
    const text = new TextDecoder().decode(payload);
    this.messages.push(message);
    this.statistics = side.stats;
    this.droppedBefore.set(text, side.stats.packetsDropped);
    side.send(payload, { delivery, channel });
    return text;
  }

  texts(channel: number, delivery: string): string[] {
    const own = this.messages.filter((message) => message.channel === channel && message.delivery === delivery);
    return own.map(({ payload }) => new TextDecoder().decode(payload));
  }
}

export interface Run<Seen> {
  readonly seen: Seen;
  /** By payload of CONNECT. */
  readonly lives: ReadonlyMap<string, Life>;
}

export interface ServerRun extends Run<SeenAsServer> {
  /** Key updates that the client with worn keys counted. */
  readonly updatesOfWornClient: number;
}

/** Python's client with a Sortie server. */
export async function playWithClient(suite: number): Promise<Run<SeenAsClient>> {
  const lives = new Map<string, Life>();
  const identity = generateIdentity();
  const lifeOf = (peer: Peer<string>): Life => lives.get(peer.data) as Life;
  const server = createServer<string>({
    ...OPTIONS,
    identity,
    host: HOST,
    port: 0,
    tickRate: 0,
    authenticate: ({ payload }) => {
      const name = new TextDecoder().decode(payload);
      lives.set(name, new Life());
      return name === "refused" ? { accept: false, reason: "not today" } : { accept: true, data: name };
    },
  });
  server.on("connect", (peer) => {
    const life = lifeOf(peer);
    life.sessionId = peer.sessionId;
    life.ports.push(peer.address.port);
    peer.pause(UNREAD_CHANNEL);
  });
  server.on("message", (peer, message) => {
    if (lifeOf(peer).onMessage(peer, message) === "tell me to go") peer.disconnect("we do not want you");
  });
  server.on("disconnect", (peer, reason) => {
    lifeOf(peer).ports.push(peer.address.port);
    lifeOf(peer).reason = reason;
  });
  const { port } = await server.listen();
  const python = new PythonProcess(["client", HOST, `${port}`, toHex(identity.publicKey), `${suite}`]);
  try {
    return { seen: await python.next<SeenAsClient>(), lives };
  } catch (error) {
    throw python.explain(error);
  } finally {
    python.kill();
    await server.close();
  }
}

/** Python's server with Sortie clients, one after the other. */
export async function playWithServer(suite: number): Promise<ServerRun> {
  const python = new PythonProcess(["server", `${suite}`]);
  try {
    const { port, key } = await python.next<{ port: number; key: string }>();
    const serverKey = Uint8Array.from(Buffer.from(key, "hex"));
    const lives = new Map<string, Life>();
    for (const payload of [...Object.keys(VIOLATIONS), "told to go"]) {
      lives.set(payload, await live({ payload, port, serverKey }));
    }
    const address = SocketAddress.parse(HOST, port);
    const updatesOfWornClient = await runWornClient({ protocol: PROTOCOL, serverKey, address, payload: "worn keys" });
    lives.set("everything", await live({ payload: "everything", port, serverKey }));
    return { seen: await python.next<SeenAsServer>(), lives, updatesOfWornClient };
  } catch (error) {
    throw python.explain(error);
  } finally {
    python.kill();
  }
}

/** The life of one client. It moves and leaves when it is told to. */
async function live(target: { payload: string; port: number; serverKey: Uint8Array }): Promise<Life> {
  const life = new Life();
  const client = await connect({
    ...OPTIONS,
    ...target,
    host: HOST,
    timeoutMs: PATIENCE_MS,
    idleTimeoutMs: PATIENCE_MS,
  });
  life.sessionId = client.sessionId;
  const notePort = (): number => life.ports.push(client.localAddress?.port ?? 0);
  notePort();
  client.pause(UNREAD_CHANNEL);
  const ended = new Promise<DisconnectReason>((resolve) => void client.on("disconnect", resolve));
  client.on("message", (message) => {
    const text = life.onMessage(client, message);
    if (text === "move") void client.rebind().then(notePort);
    if (text === "settled") void client.close({ reason: "we leave" });
  });
  if (target.payload === "told to go") client.send("tell me to go", { delivery: "reliable" });
  life.reason = await ended;
  await client.close();
  return life;
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
