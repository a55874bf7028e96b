// The table of peers: sorted and searched by the server, a page at a time.
import { byId, element, setText } from "./dom.js";
import { bytes, bytesPerSecond, count, duration, milliseconds, percent, perSecond } from "./format.js";

const ROWS = 50;

/** `wide`: left out on small screens, where the detail has it. */
const COLUMNS = [
  { key: "id", title: "ID", show: (peer) => String(peer.id) },
  { key: "label", title: "Name", show: (peer) => peer.label || "–", isText: true, name: true },
  { key: "address", title: "Address", show: (peer) => peer.address, isText: true, wide: true },
  { key: "connectedSeconds", title: "Connected", show: (peer) => duration(peer.connectedSeconds), wide: true },
  { key: "rttMs", title: "RTT", show: (peer) => milliseconds(peer.rttMs) },
  { key: "jitterMs", title: "Jitter", show: (peer) => milliseconds(peer.jitterMs), wide: true },
  { key: "loss", title: "Loss", show: (peer) => percent(peer.loss) },
  { key: "quality", title: "Quality", show: (peer) => peer.quality, isText: true },
  {
    key: "datagramsReceivedPerSecond",
    title: "In",
    show: (peer) => perSecond(peer.datagramsReceivedPerSecond),
    wide: true,
  },
  { key: "bytesSentPerSecond", title: "Out", show: (peer) => bytesPerSecond(peer.bytesSentPerSecond), wide: true },
  { key: "queuedBytes", title: "Queued", show: (peer) => bytes(peer.queuedBytes), wide: true },
];

export class PeerTable {
  #sort = "id";
  #order = "asc";
  #offset = 0;
  #total = 0;
  #body = byId("peer-table").tBodies[0];
  #headers;
  #onChange;
  #onOpen;

  /**
   * @param onChange called when other rows are wanted
   * @param onOpen called with the ID of a peer that was chosen
   */
  constructor({ onChange, onOpen }) {
    this.#onChange = onChange;
    this.#onOpen = onOpen;
    this.#headers = COLUMNS.map((column) => this.#header(column));
    byId("peer-table").tHead.append(element("tr", {}, ...this.#headers));
    byId("search").addEventListener("input", () => this.#move(0));
    byId("previous").addEventListener("click", () => this.#move(this.#offset - ROWS));
    byId("next").addEventListener("click", () => this.#move(this.#offset + ROWS));
    this.#body.addEventListener("click", (event) => this.#open(event.target));
    this.#body.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        this.#open(event.target);
      }
    });
  }

  /** What to ask of /api/peers. */
  get query() {
    const search = byId("search").value.trim();
    return { sort: this.#sort, order: this.#order, offset: this.#offset, limit: ROWS, search };
  }

  update({ total, peers }) {
    this.#total = total;
    // Without names there is no column for them, unless somebody looks for one.
    if (peers.some(({ label }) => label !== "")) byId("peer-table").classList.add("named");
    setText(byId("peer-count"), count(total));
    const first = total === 0 ? 0 : this.#offset + 1;
    setText(byId("page"), `${count(first)}–${count(Math.min(this.#offset + ROWS, total))} of ${count(total)}`);
    byId("previous").disabled = this.#offset === 0;
    byId("next").disabled = this.#offset + ROWS >= total;
    while (this.#body.rows.length > peers.length) this.#body.lastElementChild.remove();
    peers.forEach((peer, i) => this.#fill(this.#body.rows[i] ?? this.#addRow(), peer));
    if (peers.length === 0 && this.#offset > 0) this.#move(0);
  }

  #header({ key, title, isText, wide, name }) {
    const button = element("button", { type: "button" }, title);
    button.addEventListener("click", () => {
      const isAgain = this.#sort === key;
      this.#order = isAgain ? (this.#order === "asc" ? "desc" : "asc") : isText || key === "id" ? "asc" : "desc";
      this.#sort = key;
      this.#markSort();
      this.#move(0);
    });
    const header = element("th", { scope: "col", className: classes({ isText, wide, name }) }, button);
    header.setAttribute("aria-sort", key === this.#sort ? "ascending" : "none");
    return header;
  }

  #markSort() {
    COLUMNS.forEach(({ key }, i) => {
      const order = this.#order === "asc" ? "ascending" : "descending";
      this.#headers[i].setAttribute("aria-sort", key === this.#sort ? order : "none");
    });
  }

  #addRow() {
    const cells = COLUMNS.map(({ isText, wide, name }) =>
      element("td", { className: classes({ isText, wide, name }) }),
    );
    const row = element("tr", { tabIndex: 0 }, ...cells);
    this.#body.append(row);
    return row;
  }

  #fill(row, peer) {
    row.dataset.peer = String(peer.id);
    COLUMNS.forEach((column, i) => setText(row.cells[i], column.show(peer)));
    row.dataset.quality = peer.quality;
  }

  #open(target) {
    const id = target.closest("tr")?.dataset.peer;
    if (id !== undefined) this.#onOpen(Number(id));
  }

  #move(offset) {
    this.#offset = Math.max(0, Math.min(offset, Math.max(0, this.#total - 1)));
    this.#onChange();
  }
}

function classes({ isText, wide, name }) {
  return [isText ? "text" : "", wide ? "wide" : "", name ? "name" : ""].filter(Boolean).join(" ");
}
