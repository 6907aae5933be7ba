/** The calls that a browser app makes, with the headers that supabase-js sends. */

/** An error answer, with its code and hint. */
export class AnswerError extends Error {
  constructor(status, body) {
    super(body.message ?? body.msg ?? `The server answered ${status}.`);
    this.code = body.code !== undefined && body.error_code === undefined ? body.code : body.error_code;
    this.hint = body.hint;
  }
}

/** Sends a request and returns its JSON. */
async function send(url, options) {
  const response = await fetch(url, options);
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

/** What the page shows first. */
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
function clientHeaders({ publishableKey = "" }, session) {
  const bearer = session?.access_token ?? (publishableKey.startsWith("sb_") ? undefined : publishableKey);
  return {
    apikey: publishableKey,
    ...(bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` }),
    "x-client-info": "supabase-js/2.119.0; runtime=web",
  };
}

/** Asks Auth for a session. */
export function askAuth(state, { path, body, session }) {
  return send(`${state.supabaseUrl}/auth/v1/${path}`, {
    method: "POST",
    headers: { ...clientHeaders(state, session), "Content-Type": "application/json;charset=UTF-8" },
    body: JSON.stringify(body),
  });
}

/** Calls one of the functions here. */
export function callFunction(state, name, session) {
  return send(`/functions/v1/${name}`, { method: "POST", headers: clientHeaders(state, session) });
}

/** The same call as a command. */
export function curlOf(state, name, session) {
  const headers = Object.entries(clientHeaders(state, session)).map(([key, value]) =>
    ` -H "${key}: ${value}"`
  );
  return `curl -s${headers.join("")} ${location.origin}/functions/v1/${name}`;
}
