// Asks the server once a second, and hands what it says to the parts of the page.
import { get, hasToken, post, setToken, takeTokenFromAddress, Unauthorized } from "./api.js";
import { Charts } from "./charts.js";
import { byId, element, setText } from "./dom.js";
import { Overview } from "./overview.js";
import { PeerDetail } from "./peer-detail.js";
import { PeerTable } from "./peers.js";

const INTERVAL_MS = 1_000;
const KEPT_SECONDS = 300;

let next = 0;
const columns = {};
let overview;
let charts;
let table;
let detail;
let timer;
let asking = false;
let askAgain = false;

/** Adds the seconds that came since, and forgets those that are older than five minutes. */
function addHistory(part) {
  const isAnew = part.next < next;
  for (const [name, values] of Object.entries(part.columns)) {
    columns[name] = [...(isAnew ? [] : (columns[name] ?? [])), ...values].slice(-KEPT_SECONDS);
  }
  next = part.next;
}

function showBoard() {
  byId("sign-in").hidden = true;
  byId("board").hidden = false;
  if (overview !== undefined) return;
  overview = new Overview();
  charts = new Charts(byId("charts"));
  detail = new PeerDetail({ mayAct: hasToken, onDone: () => void ask() });
  table = new PeerTable({ onChange: () => void ask(), onOpen: (id) => void detail.open(id) });
}

function showBlocked({ blocked, total }) {
  byId("blocked-section").hidden = total === 0;
  const rows = blocked.map((range) => {
    const row = element("li", {}, element("span", {}, range));
    if (!hasToken()) return row;
    const button = element("button", { type: "button", "aria-label": `Unblock ${range}` }, "Unblock");
    button.addEventListener("click", () => void post("/api/unblock", { range }).then(ask, showState));
    row.append(button);
    return row;
  });
  byId("blocked").replaceChildren(...rows);
}

function showState(error) {
  const state = byId("state");
  setText(state, error === undefined ? "live" : "no answer");
  state.className = error === undefined ? "state live" : "state stale";
  state.title = error === undefined ? "" : error.message;
}

function showSignIn() {
  byId("board").hidden = true;
  byId("sign-in").hidden = false;
  setText(byId("state"), "locked");
  byId("state").className = "state stale";
  setText(byId("sign-in-error"), hasToken() ? "That token was not accepted." : "");
  byId("token").focus();
}

async function refresh() {
  const [summary, history, blocked] = await Promise.all([
    get("/api/summary"),
    get("/api/history", { since: next }),
    get("/api/blocked"),
  ]);
  addHistory(history);
  showBoard();
  overview.update(columns, summary);
  charts.update(columns);
  showBlocked(blocked);
  table.update(await get("/api/peers", table.query));
  await detail.refresh();
}

/** One round at a time; a wish that comes meanwhile is served after it. */
async function ask() {
  if (asking) {
    askAgain = true;
    return;
  }
  asking = true;
  clearTimeout(timer);
  let isLocked = false;
  try {
    await refresh();
    showState();
  } catch (error) {
    isLocked = error instanceof Unauthorized;
    if (isLocked) showSignIn();
    else showState(error);
  }
  asking = false;
  // A hidden page asks nothing; it catches up when it is seen again.
  if (isLocked || document.hidden) return;
  timer = setTimeout(() => void ask(), askAgain ? 0 : INTERVAL_MS);
  askAgain = false;
}

byId("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  setToken(byId("token").value.trim());
  byId("token").value = "";
  void ask();
});
document.addEventListener("visibilitychange", () => void (document.hidden || ask()));
addEventListener("hashchange", () => {
  takeTokenFromAddress();
  void ask();
});
takeTokenFromAddress();
void ask();
