/** The calls that a browser app makes, with the headers that supabase-js sends. */
import { shared } from "./store.js";

/** An error answer, with its status, code and hint. */
export class AnswerError extends Error {
  constructor(status, body) {
    super(body.message ?? body.msg ?? `The server answered ${status}.`);
    this.status = status;
    this.code = body.error_code ?? body.code;
    this.hint = body.hint;
  }
}

/** Sends a request and returns its JSON. */
async function send(url, options) {
  const response = await fetch(url, options).catch(() => {
    throw new Error(`${new URL(url, location.origin).origin} does not answer.`);
  });
  const text = await response.text();
  let body = {};
  try {
    body = text === "" ? {} : JSON.parse(text);
  } catch {
    // A body that is not JSON comes from a proxy or gateway; the status is enough.
  }
  if (!response.ok) throw new AnswerError(response.status, body);
  return body;
}

/** What the server says of itself now. */
export function readState() {
  return send("/dev/state.json");
}

/** Has the development server check a token. */
export function checkToken(token) {
  return send("/dev/check", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token }),
  });
}

/** The headers of supabase-js 2.119.0: without a session a legacy key is the bearer too, a publishable one is not. */
function clientHeaders() {
  const { state: { publishableKey = "" }, session } = shared;
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
  return sendToAuth(`admin/${path}`, { method, headers: { apikey: shared.state.secretKey }, body });
}

function sendToAuth(path, { method, headers, body }) {
  return send(`${shared.state.supabaseUrl}/auth/v1/${path}`, {
    method,
    headers: { ...headers, "Content-Type": "application/json;charset=UTF-8" },
    ...(method === "GET" ? {} : { body: JSON.stringify(body ?? {}) }),
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
