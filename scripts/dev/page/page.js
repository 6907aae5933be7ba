/** The development page: who calls, the token they get, and whether PowerSync accepts it. */
import { askAuth, callFunction, checkToken, curlOf, readState } from "./calls.js";
import { clearCheck, element, showCheck, showContent, showError, showExpiry, showState } from "./show.js";

/** In memory only: a reload signs out. */
let session;
let state = {};
let endpoint = "";
let lastCall = "powersync-auth-anonymous";
let claims;

/** Runs what a button does, and shows what went wrong. */
function act(run) {
  return async (event) => {
    event.preventDefault();
    showError(undefined);
    try {
      await run(event);
    } catch (error) {
      showError(error);
    }
  };
}

async function signIn(path, body) {
  const answer = await askAuth(state, { path, body });
  session = answer.access_token === undefined ? undefined : answer;
  const user = session?.user;
  element("caller").textContent = session === undefined
    ? "Not signed in: confirm the e-mail address first."
    : `Signed in ${user.is_anonymous ? "anonymously" : `as ${user.email}`}, user id ${user.id}.`;
}

async function signOut() {
  const old = session;
  session = undefined;
  element("caller").textContent = "Not signed in.";
  if (old !== undefined) await askAuth(state, { path: "logout", session: old });
}

async function getToken(name) {
  lastCall = name;
  const answer = await callFunction(state, name, session);
  endpoint = answer.endpoint;
  element("token").value = answer.token;
  await judge();
}

async function judge() {
  const token = element("token").value.trim();
  clearCheck();
  claims = showContent(token);
  showExpiry(claims?.exp);
  showCheck(await checkToken(token));
  state = await readState();
  showState(state);
}

function copyText(what) {
  if (what === "token") return element("token").value.trim();
  if (what === "client-auth") return state.clientAuth;
  if (what === "curl") return curlOf(state, lastCall, session);
  if (endpoint === "") throw new Error("No endpoint yet: call a function first.");
  return endpoint;
}

async function copy(event) {
  const { copy: what } = event.currentTarget.dataset;
  const text = copyText(what);
  // Browsers offer no clipboard to pages of another computer without TLS.
  if (navigator.clipboard === undefined) {
    throw new Error(`This browser does not let the page copy: ${text}`);
  }
  await navigator.clipboard.writeText(text);
  element("copied").textContent = `Copied: ${what}.`;
}

function credentials() {
  return { email: element("email").value, password: element("password").value };
}

element("sign-in").addEventListener("submit", act(() => signIn("signup", { ...credentials(), data: {} })));
element("use-password").addEventListener(
  "click",
  act(() => signIn("token?grant_type=password", credentials())),
);
element("use-anonymous").addEventListener("click", act(() => signIn("signup", { data: {} })));
element("sign-out").addEventListener("click", act(signOut));
element("get-auth").addEventListener("click", act(() => getToken("powersync-auth")));
element("get-anonymous").addEventListener("click", act(() => getToken("powersync-auth-anonymous")));
element("check").addEventListener("click", act(judge));
document.querySelectorAll("[data-copy]").forEach((button) => button.addEventListener("click", act(copy)));
setInterval(() => showExpiry(claims?.exp), 1000);

try {
  state = await readState();
  showState(state);
} catch (error) {
  showError(error);
}
