// Everything about one peer, and what an operator may do to it.
import { get, post } from "./api.js";
import { byId, element } from "./dom.js";
import { bytes, bytesPerSecond as perSecond, count, duration, milliseconds, percent } from "./format.js";

const DELIVERIES = ["unreliable", "sequenced", "bestEffort", "reliable", "ordered"];

export class PeerDetail {
  #dialog = byId("detail");
  #mayAct;
  #onDone;
  #id;
  #list = element("div", { className: "facts" });
  #message = element("p", { className: "error", role: "alert" });

  /**
   * @param mayAct whether there is a token
   * @param onDone called after something was done
   */
  constructor({ mayAct, onDone }) {
    this.#mayAct = mayAct;
    this.#onDone = onDone;
    this.#dialog.addEventListener("close", () => (this.#id = undefined));
    // A click beside the dialog's content is one on the dialog itself.
    this.#dialog.addEventListener("click", (event) => {
      if (event.target === this.#dialog) this.#dialog.close();
    });
  }

  async open(id) {
    this.#id = id;
    this.#message.textContent = "";
    this.#list.replaceChildren();
    const close = element("button", { type: "button", className: "close", "aria-label": "Close" }, "×");
    close.addEventListener("click", () => this.#dialog.close());
    const title = element("h2", { id: "detail-title" }, `Peer ${id}`);
    const head = element("div", { className: "detail-head" }, title, close);
    this.#dialog.replaceChildren(element("div", { className: "detail" }, head, this.#message, this.#list));
    if (!this.#dialog.open) this.#dialog.showModal();
    await this.refresh();
  }

  /** Asks again, once a second while it is open. */
  async refresh() {
    const id = this.#id;
    if (id === undefined) return;
    try {
      const peer = await get(`/api/peers/${id}`);
      if (this.#id === id) this.#show(peer);
    } catch (error) {
      if (this.#id === id) this.#message.textContent = error.message;
    }
  }

  #show(peer) {
    const { stats } = peer;
    const { endpoint } = stats;
    const { messagesReceived, messagesSent } = endpoint;
    this.#list.replaceChildren(
      facts("Connection", [
        ...(peer.label === "" ? [] : [["Name", peer.label]]),
        ["Address", peer.address],
        ["Session", peer.sessionId],
        ["Connected", duration(peer.connectedSeconds)],
        ["Quality", stats.quality],
        ["Moves of address", count(stats.migrations)],
        ["Key updates", count(stats.keyUpdates)],
      ]),
      facts("Path", [
        ["Round trip", milliseconds(stats.rttMs)],
        ["Deviation", milliseconds(stats.rttVarianceMs)],
        ["Lowest", milliseconds(stats.rttMinMs)],
        ["Loss", percent(stats.loss)],
        ["Packets lost", `${count(endpoint.packetsLost)} of ${count(endpoint.packetsSent)}`],
        ["Taken for lost in error", count(endpoint.spuriousLosses)],
        ["Advice", adviceText(stats.advice)],
        ["Largest datagram", `${count(stats.mtuBytes)} B`],
        ["Probe timeouts", count(endpoint.probeTimeouts)],
      ]),
      facts("Traffic", [
        ["Received", `${count(stats.packetsReceived)} packets, ${bytes(stats.bytesReceived)}`],
        ["Sent", `${count(stats.packetsSent)} packets, ${bytes(stats.bytesSent)}`],
        ["Dropped on receipt", count(stats.packetsDropped)],
        ["In flight", `${count(endpoint.packetsInFlight)} packets, ${bytes(endpoint.bytesInFlight)}`],
        ["Queued", `${count(endpoint.queuedMessages)} messages, ${bytes(endpoint.queuedBytes)}`],
        ["Sent again", `${count(endpoint.retransmittedMessages)} times, ${bytes(endpoint.retransmittedBytes)}`],
      ]),
      facts("Messages", [
        ...DELIVERIES.map((name, i) => [name, `${count(messagesReceived[i])} in, ${count(messagesSent[i])} out`]),
        [
          "Refused, dropped, expired",
          [endpoint.messagesRefused, endpoint.messagesDropped, endpoint.messagesExpired].map(count).join(", "),
        ],
        ["Duplicates rejected", count(endpoint.duplicatesRejected)],
        [
          "Reassemblies",
          `${count(endpoint.reassembliesActive)} under way, ${count(endpoint.reassembliesExpired)} given up`,
        ],
      ]),
    );
    if (this.#mayAct() && this.#dialog.querySelector(".actions") === null) this.#addActions(peer);
  }

  #addActions({ id, address }) {
    const host = address.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
    const actions = [
      ["Kick", "Kick: sure?", () => post(`/api/peers/${id}/kick`, {})],
      [`Block ${host}`, `Block ${host}: sure?`, () => post("/api/block", { range: host })],
    ];
    const buttons = actions.map(([title, question, action]) => {
      const button = element("button", { type: "button", className: "danger" }, title);
      button.addEventListener("click", () => {
        // The first click asks, the second does it.
        if (button.textContent !== question) button.textContent = question;
        else void this.#do(button, action);
      });
      button.addEventListener("blur", () => (button.textContent = title));
      return button;
    });
    this.#dialog.querySelector(".detail").append(element("div", { className: "actions" }, ...buttons));
  }

  async #do(button, action) {
    button.disabled = true;
    try {
      await action();
      this.#dialog.close();
      this.#onDone();
    } catch (error) {
      this.#message.textContent = error.message;
      button.disabled = false;
    }
  }
}

function adviceText({ updateDivisor, bytesPerSecond }) {
  const updates = updateDivisor === 1 ? "every update" : `every ${updateDivisor}. update`;
  return `${updates}, ${perSecond(bytesPerSecond)}`;
}

function facts(title, rows) {
  const list = element("dl");
  for (const [name, value] of rows) list.append(element("dt", {}, name), element("dd", {}, value));
  return element("section", {}, element("h3", {}, title), list);
}
