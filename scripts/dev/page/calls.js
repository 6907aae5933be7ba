/** The calls that a browser app makes, with the headers that supabase-js sends. */
import { page } from "./store.js";

/** Sends a request and returns its JSON; an error has the answer's status, code and hint. */
async function send(url, options) {
  const response = await fetch(url, options).catch(() => {
    throw new Error(`${new URL(url, location.origin).origin} does not answer.`);
  });
  // A body that is not JSON comes from a proxy or gateway; the status is enough. So it is for an empty one.
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  const { status } = response;
  const { message = body.msg ?? `The server answered ${status}.`, hint, code, error_code = code } = body;
  throw Object.assign(new Error(message), { status, code: error_code, hint });
}

/** What the server says of itself now. */
export function readState() {
  return send("/dev/state.json");
}

/** Has the development server check a token. */
export function checkToken(token) {
  const headers = { "Content-Type": "application/json" };
  return send("/dev/check", { method: "POST", headers, body: JSON.stringify({ token }) });
}

/** The headers of supabase-js 2.119.0: without a session a legacy key is the bearer too, a publishable one is not. */
function clientHeaders() {
  const { server: { publishableKey = "" }, session } = page;
  const bearer = session?.access_token ?? (publishableKey.startsWith("sb_") ? undefined : publishableKey);
  return {
    apikey: publishableKey,
    ...(bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` }),
    "x-client-info": "supabase-js/2.119.0; runtime=web",
  };
}

/** Asks Auth as the app does. */
export function askAuth(path, body) {
  return sendToAuth(path, { method: "POST", headers: clientHeaders(), body });
}

/** Asks the development Auth as an administrator does. */
export function askAdmin(method, path, body) {
  return sendToAuth(`admin/${path}`, { method, headers: { apikey: page.server.secretKey }, body });
}

function sendToAuth(path, { method, headers, body = {} }) {
  return send(`${page.server.supabaseUrl}/auth/v1/${path}`, {
    method,
    headers: { ...headers, "Content-Type": "application/json;charset=UTF-8" },
    ...(method === "GET" ? {} : { body: JSON.stringify(body) }),
  });
}

/** Calls one of the functions here. */
export function callFunction(name) {
  return send(`/functions/v1/${name}`, { method: "POST", headers: clientHeaders() });
}

/** The same call as a command. */
export function curlOf(name) {
  const headers = Object.entries(clientHeaders()).map(([key, value]) => ` -H "${key}: ${value}"`);
  return `curl -s${headers.join("")} ${location.origin}/functions/v1/${name}`;
}
