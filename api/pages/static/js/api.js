// The HTTP API from a page: reading, writing, and the token that writing takes.

const ROOT = "/api/v1/";
const TOKEN = "token";
const listeners = new Set();

/** What the API answered instead of data: application/problem+json (RFC 9457), or no answer. */
export class Problem extends Error {
  constructor(status, { title = "", detail = "", errors = [] } = {}) {
    super(detail || title || `The server answered ${status}.`);
    this.name = "Problem";
    this.status = status;
    this.title = title;
    this.detail = detail;
    /** [{field, message, remedy}] */
    this.errors = errors;
  }
}

/**
 * Read from the API, for example
 * `getJson("recipes", { params: { q: "negroni", tag: ["bitter", "stirred"] } })`.
 *
 * No token goes along and the browser's own cache is used: an ETag that still holds costs a
 * 304 without a body. A value that is null, undefined or "" is left out; a list is repeated.
 *
 * @throws {Problem}
 */
export async function getJson(path, { params = {}, signal } = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== "") query.append(name, one);
    }
  }
  const text = query.toString();
  return (await request("GET", text ? `${path}?${text}` : path, { signal })).body;
}

/**
 * Send a request and tell the answer's ETag along with its body. A write carries the token of this
 * tab; one is asked for where there is none, and once more where it was refused.
 *
 * @param method "GET", "POST", "PUT" or "DELETE"
 * @param options.ifMatch an ETag: refuse the write when someone else was quicker (412)
 * @returns {Promise<{body: any, status: number, etag: string|null, location: string|null}>}
 * @throws {Problem} with title "Not signed in" when the reader gives no token
 */
export async function send(method, path, { body, ifMatch, signal } = {}) {
  if (method === "GET") return request(method, path, { signal });
  for (let attempt = 0; ; attempt += 1) {
    if (!hasToken() && !(await askForToken(attempt ? "The token was not accepted." : ""))) {
      throw new Problem(0, { title: "Not signed in", detail: "Writing needs a token." });
    }
    try {
      return await request(method, path, { body, ifMatch, signal, authorize: true });
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401) throw error;
      signOut();
      if (attempt) throw error;
    }
  }
}

async function request(method, path, { body, ifMatch, signal, authorize = false }) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (ifMatch) headers["If-Match"] = ifMatch;
  if (authorize) headers.Authorization = `Bearer ${sessionStorage.getItem(TOKEN)}`;
  let answer;
  try {
    answer = await fetch(ROOT + path, {
      method, headers, signal, credentials: "omit",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { title: "No answer", detail: "The server cannot be reached." });
  }
  const kind = answer.headers.get("Content-Type") ?? "";
  // A 204 has no body, whatever it says of its type.
  const content = answer.status !== 204 && /\bjson\b/.test(kind) ? await answer.json() : null;
  if (!answer.ok) {
    throw new Problem(answer.status, content ?? { title: answer.statusText });
  }
  return {
    body: content,
    status: answer.status,
    etag: answer.headers.get("ETag"),
    location: answer.headers.get("Location"),
  };
}

// The token ---------------------------------------------------------------------------------------
// In sessionStorage: it ends with the tab, and unlike a cookie it is never sent by the browser
// of its own accord, so no other site can make use of it.

export const hasToken = () => Boolean(sessionStorage.getItem(TOKEN));

export function signIn(value) {
  sessionStorage.setItem(TOKEN, value.trim());
  for (const listener of listeners) listener(true);
}

export function signOut() {
  sessionStorage.removeItem(TOKEN);
  for (const listener of listeners) listener(false);
}

/** Call now and whenever the reader signs in or out, with whether they are signed in. */
export function onSignIn(listener) {
  listeners.add(listener);
  listener(hasToken());
}

/** Take the token of an address like `/#token=...`, and take it out of the address. */
export function takeTokenFromAddress() {
  const found = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!found) return;
  history.replaceState(history.state, "", location.pathname + location.search);
  signIn(found);
}

/** Open the sign-in dialog. Resolves to whether there is a token now. */
export function askForToken(reason = "") {
  const dialog = document.getElementById("sign-in");
  const field = dialog.querySelector("input");
  dialog.querySelector("[role=alert]").textContent = reason;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const given = dialog.returnValue === "ok" ? field.value.trim() : "";
      field.value = "";
      if (given) signIn(given);
      resolve(Boolean(given));
    }, { once: true });
  });
}
