// Many Sortie clients on one socket: a load must not cost more than what it loads. Each client is a ClientCore of
// @sortie/client; what comes finds its client by connection ID, what waits goes out in common batches.
import { createResources, resolveProtocolOptions } from "@sortie/connection";
import { ClientCore } from "@sortie/client";
import { parsePublicKey, protocolId } from "@sortie/handshake";
import { Driver, SocketAddress, SystemClock } from "@sortie/transport";
import { readConnectionId } from "@sortie/wire";

/** bytes. Of a CLIENT_HELLO up to its connection ID, and of the packets that answer it (docs/PROTOCOL.md section 3). */
const HELLO_ID_AT = 45;
/** Clients that leave without a pause between them. */
const LEAVING_AT_ONCE = 32;
const ANSWER_ID_AT = 5;

export class Swarm {
  /** Clients by index; undefined where one has ended. */
  #cores = [];
  #byId = new Map();
  #deadlines = new Float64Array(0);
  #dirty = [];
  #isDirty = new Uint8Array(0);
  #waiting = new Map();
  #driver;
  #clock;
  #options;
  /** Clients that ended after they had connected. */
  ended = 0;

  constructor(options) {
    this.#options = options;
    this.#clock = options.clock ?? new SystemClock();
    this.#driver = new Driver({ core: this, transport: options.transport, clock: this.#clock });
    this.resources = createResources(options.crypto, 2 ** 40);
    this.protocolId = protocolId(options.crypto, options.protocol ?? "bench/1");
    this.settings = resolveProtocolOptions(options.protocolOptions ?? {}, 0);
  }

  async open() {
    await this.#driver.start();
  }

  /** Connects one more client; resolves with its index. */
  connect() {
    const { host = "127.0.0.1", port, serverKey } = this.#options;
    const { parameters, settings } = this.settings;
    const index = this.#cores.length;
    const core = new ClientCore({
      resources: this.resources,
      protocolId: this.protocolId,
      trust: { kind: "pin", publicKey: parsePublicKey(serverKey) },
      parameters,
      settings: { ...settings, handshakeTimeoutMs: 30_000 },
      addresses: [SocketAddress.parse(host, port)],
      target: `${host}:${port}`,
      connectPayload: new Uint8Array(0),
      timeoutMs: 30_000,
      nowMs: this.#clock.now(),
    });
    this.#cores.push(core);
    this.#grow(index + 1);
    this.#touch(index);
    this.#driver.wake();
    return new Promise((resolve, reject) => this.#waiting.set(index, { resolve, reject }));
  }

  /** Queues a message; it goes at the end of the receive batch, or of the turn. */
  send(index, payload, options) {
    this.#cores[index].connection.send(payload, options, this.#clock.now());
    this.#touch(index);
    this.#driver.wake();
  }

  /** Ends one client. */
  leave(index) {
    this.#cores[index].close("", this.#clock.now());
    this.#touch(index);
    this.#driver.wake();
  }

  /** Ends all clients, and tells the server. */
  async close() {
    for (const [index, core] of this.#cores.entries()) {
      core.close("", this.#clock.now());
      this.#touch(index);
      if (index % LEAVING_AT_ONCE !== LEAVING_AT_ONCE - 1) continue;
      // All at once would overflow the server's socket, and CLOSEs are sent a few times only.
      this.#driver.flush();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    this.#driver.flush();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await this.#driver.stop();
  }

  // What follows is called by the driver.

  receive(payload, _from, nowMs) {
    const index = this.#byId.get(payload[0] < 0x40 ? idAt(payload, ANSWER_ID_AT) : readConnectionId(payload));
    if (index === undefined) return;
    this.#cores[index].receive(payload, _from, nowMs);
    this.#drain(index);
    this.#touch(index);
  }

  receiveEnd() {}

  onTransportError(error) {
    throw error;
  }

  pollTransmit(batch, nowMs) {
    const dirty = this.#dirty;
    for (let done = 0; done < dirty.length; done++) {
      const index = dirty[done];
      const core = this.#cores[index];
      const before = batch.count;
      const isNew = core.connection === undefined;
      const more = core.pollTransmit(batch, nowMs);
      if (isNew && batch.count > before) this.#byId.set(idAt(batch.buffer, batch.offsets[before] + HELLO_ID_AT), index);
      if (more || batch.count === batch.capacity) {
        dirty.splice(0, done);
        return true;
      }
      this.#isDirty[index] = 0;
      this.#deadlines[index] = core.nextTimeoutAt();
    }
    dirty.length = 0;
    return false;
  }

  nextTimeoutAt() {
    let earliest = Infinity;
    for (let i = 0; i < this.#cores.length; i++) if (this.#deadlines[i] < earliest) earliest = this.#deadlines[i];
    return earliest;
  }

  handleTimeout(nowMs) {
    for (let i = 0; i < this.#cores.length; i++) {
      if (this.#deadlines[i] > nowMs) continue;
      this.#cores[i].handleTimeout(nowMs);
      this.#deadlines[i] = this.#cores[i].nextTimeoutAt();
      this.#drain(i);
      this.#touch(i);
    }
  }

  #drain(index) {
    const core = this.#cores[index];
    for (let event = core.pollEvent(); event !== undefined; event = core.pollEvent()) {
      if (event.type === "connected") this.#settle(index)?.resolve(index);
      else if (event.type === "failed") this.#settle(index)?.reject(event.error);
      else if (event.type === "disconnected") this.ended += 1;
    }
    const { connection } = core;
    if (connection === undefined) return;
    for (let message = connection.pollMessage(); message !== undefined; message = connection.pollMessage()) {
      this.#options.onMessage(index, message.payload);
    }
  }

  #settle(index) {
    const waiting = this.#waiting.get(index);
    this.#waiting.delete(index);
    return waiting;
  }

  #touch(index) {
    if (this.#isDirty[index] === 1) return;
    this.#isDirty[index] = 1;
    this.#dirty.push(index);
  }

  #grow(count) {
    if (count <= this.#deadlines.length) return;
    const size = Math.max(64, 2 * count);
    const deadlines = new Float64Array(size).fill(Infinity);
    deadlines.set(this.#deadlines);
    this.#deadlines = deadlines;
    const isDirty = new Uint8Array(size);
    isDirty.set(this.#isDirty);
    this.#isDirty = isDirty;
  }
}

function idAt(bytes, at) {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}
