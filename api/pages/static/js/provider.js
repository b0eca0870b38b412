// Signing in at an identity provider's page: authorization code with PKCE (RFC 7636). The page opens
// in a tab of its own, so that unsaved edits stay in this one.

const CHANNEL = "sign-in";
let options;

/** Return the provider, or null where the reader enters a token. Asked for once. */
export function provider() {
  options ??= fetch("/api/v1/sign-in", { credentials: "omit" })
    .then((answer) => (answer.ok ? answer.json() : {}))
    .then((found) => found.provider ?? null)
    .catch(() => null);
  return options;
}

/** Open the provider's page and return the access token. Call it on a click: it opens a tab. */
export async function signInAt({ authorize_url, token_url, client_id }) {
  const verifier = random();
  const state = random();
  const redirect = `${location.origin}/`;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const query = new URLSearchParams({
    response_type: "code",
    client_id,
    redirect_uri: redirect,
    scope: "openid email",
    state,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: "S256",
  });
  const returned = waitForReturn(state);
  open(`${authorize_url}?${query}`, "_blank", "noopener");
  const code = await returned;
  const answer = await fetch(token_url, {
    method: "POST",
    credentials: "omit",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id,
      code,
      redirect_uri: redirect,
      code_verifier: verifier,
    }),
  });
  if (!answer.ok) throw new Error("The sign-in was not accepted. Try again.");
  return (await answer.json()).access_token;
}

/** In the tab that the provider sent back: pass the code on to the tab that asked, and close. */
export function passOnReturn() {
  const given = new URLSearchParams(location.search);
  if (!given.has("state") || !(given.has("code") || given.has("error"))) return;
  history.replaceState(history.state, "", location.pathname);
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage(Object.fromEntries(given));
  channel.close();
  close(); // which a browser may refuse
  const note = document.createElement("p");
  note.role = "status";
  note.textContent = "You can close this tab, and go on in the one that you came from.";
  document.querySelector("main")?.prepend(note);
}

// Only an answer with this attempt's state counts: another may be a forged or an older one.
function waitForReturn(state) {
  const channel = new BroadcastChannel(CHANNEL);
  return new Promise((resolve, reject) => {
    channel.onmessage = ({ data }) => {
      if (data.state !== state) return;
      channel.close();
      if (data.code) resolve(data.code);
      else reject(new Error(data.error_description ?? "The sign-in was canceled."));
    };
  });
}

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
}
