// API client: reads, writes, and the token that writes need.
import { provider, signInAt } from "./provider.js";

const ROOT = "/api/v1/";
const TOKEN = "token";
const listeners = new Set();

/** An error response, application/problem+json (RFC 9457), or no response at all. */
export class Problem extends Error {
  constructor(status, { title = "", detail = "", errors = [] } = {}) {
    super(detail || title || `The server responded with status ${status}.`);
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
 * Sends no token and uses the browser's cache: a matching ETag costs a 304 without a body.
 * A value that is null, undefined or "" is left out; a list is repeated.
 *
 * @throws {Problem}
 */
export async function getJson(path, options) {
  return (await getAnswer(path, options)).body;
}

/** As `getJson`, with `stale`: whether recipes have changed since the figures were computed. */
export async function getAnswer(path, { params = {}, signal } = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== "") query.append(name, one);
    }
  }
  const text = query.toString();
  return request("GET", text ? `${path}?${text}` : path, { signal });
}

/**
 * Send a request and return the response's body and ETag. A write sends this tab's token; the
 * reader is asked for one when there is none, and once more when it is refused.
 *
 * @param method "GET", "POST", "PUT" or "DELETE"
 * @param options.body sent as JSON; a Blob, such as a file, as it is
 * @param options.authorize send the token with a GET, too
 * @param options.ifMatch an ETag: reject the write if the resource has changed (412)
 * @returns {Promise<{body: any, status: number, etag: string|null, location: string|null}>}
 * @throws {Problem} with title "Not signed in" if the reader enters no token
 */
export async function send(method, path, { body, ifMatch, signal, authorize } = {}) {
  if (method === "GET") return request(method, path, { signal, authorize });
  for (let attempt = 0; ; attempt += 1) {
    if (!hasToken() && !(await askForToken(attempt ? "The token was not accepted." : ""))) {
      throw new Problem(0, {
        title: "Not signed in",
        detail: "Sign in with a token to save changes.",
      });
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
  const isFile = body instanceof Blob;
  if (body !== undefined) {
    headers["Content-Type"] = isFile ? "application/octet-stream" : "application/json";
  }
  if (ifMatch) headers["If-Match"] = ifMatch;
  if (authorize) headers.Authorization = `Bearer ${sessionStorage.getItem(TOKEN)}`;
  let answer;
  try {
    answer = await fetch(ROOT + path, {
      method,
      headers,
      signal,
      credentials: "omit",
      body: body === undefined || isFile ? body : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, {
      title: "Can't reach the server",
      detail: "Check the connection and try again.",
    });
  }
  const kind = answer.headers.get("Content-Type") ?? "";
  // A 204 has no body, whatever its Content-Type.
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
// In sessionStorage: it ends with the tab, and unlike a cookie the browser never sends it
// automatically, so no other site can use it.

export const hasToken = () => Boolean(sessionStorage.getItem(TOKEN));

export function signIn(value) {
  sessionStorage.setItem(TOKEN, value.trim());
  for (const listener of listeners) listener(true);
}

export function signOut() {
  sessionStorage.removeItem(TOKEN);
  for (const listener of listeners) listener(false);
}

/** Call now and on each sign-in or sign-out, with whether the reader is signed in. */
export function onSignIn(listener) {
  listeners.add(listener);
  listener(hasToken());
}

/**
 * Sign in with the address's `#code=...`, which works once, or `#token=...`, and remove it from the
 * address. A different token in use is replaced only if the reader agrees.
 *
 * @returns {Promise<boolean>} whether somebody has signed in
 */
export async function takeTokenFromAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  const code = given.get("code");
  let token = given.get("token");
  if (!code && !token) return false;
  history.replaceState(history.state, "", location.pathname + location.search);
  if (code) {
    try {
      token = (await request("POST", "sign-in", { body: { code } })).body.token;
    } catch (error) {
      return !hasToken() && (await askForToken(error.message));
    }
  }
  const known = sessionStorage.getItem(TOKEN);
  if (known && known !== token && !confirm("Replace the token you are signed in with?"))
    return false;
  signIn(token);
  return true;
}

/** Open the sign-in dialog. Resolves to whether there is a token now. */
export function askForToken(reason = "") {
  const dialog = document.getElementById("sign-in");
  const field = dialog.querySelector("input");
  const alert = dialog.querySelector("[role=alert]");
  alert.textContent = reason;
  dialog.returnValue = "";
  dialog.showModal();
  offerProvider(dialog, alert);
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => {
        const given = dialog.returnValue === "ok" ? field.value.trim() : "";
        field.value = "";
        if (given) signIn(given);
        resolve(Boolean(given) || dialog.returnValue === "signed-in");
      },
      { once: true },
    );
  });
}

// Where there is an identity provider, its page takes the place of the token field.
async function offerProvider(dialog, alert) {
  const found = await provider();
  if (!found) return;
  dialog.classList.add("at-provider");
  dialog.querySelector("button[value=provider]").onclick = async () => {
    try {
      signIn(await signInAt(found));
      dialog.close("signed-in");
    } catch (error) {
      alert.textContent = error.message;
    }
  };
}
