import type { ReliableEndpoint } from "@sortie/reliability";
import { PACKET_OVERHEAD_BYTES } from "@sortie/wire";
import type { ConnectExchange } from "./connect-exchange.js";
import type { IdleWatch } from "./idle-watch.js";
import type { Lifecycle } from "./lifecycle.js";
import { opened } from "./packet-opener.js";
import type { PathManager } from "./path-manager.js";
import type { PeerAddress } from "./peer-address.js";

/** ms. Clients take a path for dead after 2.5 s: soon enough that a peer of which all is refused does not. */
const ANSWER_INTERVAL_MS = 1000;

/**
 * What a packet says that is refused for want of room, as if it had not come: that its sender is there, and where. The
 * replay window does not remember it, and anybody who copied it can send it again, from anywhere, at any time: only one
 * whose number is above those of all before, refused ones included, says anything.
 */
export class Refusals {
  private readonly life: Lifecycle;
  private readonly idle: IdleWatch;
  private readonly endpoint: ReliableEndpoint;
  private readonly paths: PathManager;
  private readonly exchange: ConnectExchange;
  private answeredAtMs = -Infinity;

  constructor(
    life: Lifecycle,
    idle: IdleWatch,
    endpoint: ReliableEndpoint,
    paths: PathManager,
    exchange: ConnectExchange,
  ) {
    this.life = life;
    this.idle = idle;
    this.endpoint = endpoint;
    this.paths = paths;
    this.exchange = exchange;
  }

  /** The packet opened last is refused. */
  onRefused(from: PeerAddress, nowMs: number): void {
    const { packetNumber, plaintextBytes, isNewest } = opened;
    const bytes = plaintextBytes + PACKET_OVERHEAD_BYTES;
    if (!this.idle.onRefused(packetNumber, isNewest, nowMs)) return this.paths.onRepeated(from, packetNumber, nowMs);
    // From a new address only such packets may come, for long: it is validated all the same.
    if (this.life.followsPeer) this.paths.onAuthenticPacket(from, packetNumber, true, bytes, nowMs);
    if (nowMs - this.answeredAtMs < ANSWER_INTERVAL_MS) return;
    this.answeredAtMs = nowMs;
    // A server that sends messages has sent ACCEPT: it was lost. Others who are refused need to hear that we live.
    if (this.life.state === "connecting") this.exchange.askAgain(nowMs);
    else this.endpoint.requestPing();
  }
}
