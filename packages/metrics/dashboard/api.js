// The listener's JSON API. The token comes in the page's fragment, and stays in this tab.

const STORED = "sortie-metrics-token";

/** ms. A request that takes longer is given up, so that a dead server shows as one. */
const TIMEOUT_MS = 4_000;

export class Unauthorized extends Error {}

/** Takes the token out of the address bar, where a screenshot or a bookmark would keep it. */
export function takeTokenFromAddress() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token === null) return;
  setToken(token);
  history.replaceState(null, "", location.pathname);
}

export function setToken(token) {
  sessionStorage.setItem(STORED, token);
}

export function hasToken() {
  return sessionStorage.getItem(STORED) !== null;
}

export function get(path, query = {}) {
  const search = new URLSearchParams(query).toString();
  return request(search === "" ? path : `${path}?${search}`, {});
}

export function post(path, body) {
  return request(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function request(path, init) {
  const token = sessionStorage.getItem(STORED);
  const headers = { ...init.headers, ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
  const response = await fetch(path, { ...init, headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (response.status === 401) throw new Unauthorized("the token was not accepted");
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error?.message ?? `HTTP ${response.status}`);
  return answer;
}
