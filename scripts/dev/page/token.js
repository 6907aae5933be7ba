/** Gets tokens, and has them checked: no verdict stays when what it is about has changed. */
import { act, onClick, onSubmit, showMessage } from "./actions.js";
import { callFunction, checkToken, readState } from "./calls.js";
import { decode } from "./claim-rows.js";
import { clearClaims, showClaims, showHeader } from "./claims.js";
import { element, make, setText } from "./dom.js";
import { on, shared } from "./store.js";
import { clearVerdict, showExpiry, showVerdict } from "./verdict.js";

const EMPTY = "Get a token, or paste one to check it.";

/** PowerSync accepts a token for so long after it has expired. */
const LEEWAY_SECONDS = 60;

/** The token that was checked last, and the claims of the one before. `code`: what made it, if it was made here. */
let checked = { token: "", claims: undefined, before: undefined, code: undefined };

/** The last call: what answered it, where its token may be used, and whether the function failed. */
export const lastCall = { name: "powersync-auth-anonymous", run: undefined, endpoint: "", failed: false };

/** Of several calls, and of several checks, only the last may show its result. */
let calls = 0;
let checks = 0;

const field = element("token");
const choice = element("call").elements.namedItem("function");

onSubmit("call", getToken);
onClick("check", () => judge());

/** Gets a token for the user who has just signed in or whose session was refreshed. */
export async function getUserToken() {
  choice.value = "powersync-auth";
  element("token-card").scrollIntoView({ block: "nearest" });
  await act(element("get-token"), getToken);
}

async function getToken() {
  const mine = ++calls;
  Object.assign(lastCall, { name: choice.value, endpoint: "", failed: false });
  showException();
  const { answer, error, state } = await callOf(lastCall.name);
  if (mine !== calls) return;
  lastCall.run = state && runOf(state);
  if (error !== undefined) {
    clearToken("No token: the call failed");
    lastCall.failed = error.status >= 500;
    showException();
    // The function's hint says that the exception is not shown to the caller; here it is.
    if (error.code === "CLAIMS_FAILED") error.hint = undefined;
    throw error;
  }
  lastCall.endpoint = answer.endpoint;
  field.value = answer.token;
  await judge(codeOf(state));
}

/** Calls a function, and returns its answer or error with the state of the code that answered. */
async function callOf(name) {
  let state;
  try {
    // Asked first: what was made during a reload counts as older.
    state = await readState();
    return { answer: await callFunction(name), state: await loadedAfter(state) };
  } catch (error) {
    return { error, state: await loadedAfter(state).catch(() => state) };
  }
}

/** A request waits for code that is being loaded: then the state after the answer counts. */
async function loadedAfter(state) {
  return state?.functions.state === "loading" ? await readState() : state;
}

/** Has the token in the field checked, and compares it with the token before. */
async function judge(code) {
  const mine = ++checks;
  const token = field.value.trim();
  const { header, claims } = decode(token);
  if (token !== checked.token || code !== undefined) {
    checked = { token, claims, before: checked.claims, code };
  }
  showHeader(header);
  showClaims(claims, checked.before);
  showExpiry(claims?.exp);
  showAge();
  try {
    const check = await checkToken(token);
    if (mine === checks) showVerdict(check);
  } catch (error) {
    if (mine === checks) clearVerdict("No verdict: the check failed");
    throw error;
  }
}

/** Checks the token again because something that decides about it has changed. */
function judgeAgain() {
  const isShown = field.value.trim() === checked.token && checked.token !== "";
  if (isShown && shared.isOnline) judge().catch(() => {});
}

function clearToken(text) {
  forgetRequests();
  field.value = "";
  clearVerdict(text);
  clearClaims(EMPTY);
  showExpiry();
  setText("older", "");
}

/** Why there is no verdict of the text in the field. */
function unchecked() {
  return field.value.trim() === "" ? "No token yet" : "Not checked yet";
}

function forgetRequests() {
  calls += 1;
  checks += 1;
}

field.addEventListener("input", () => {
  forgetRequests();
  clearVerdict(unchecked());
  clearClaims(field.value.trim() === "" ? EMPTY : "Check this token to see what it says.");
  showExpiry();
  setText("older", "");
});

on("session", (session, before) => {
  // A refreshed session is still the same user's.
  if (session?.user.id === before?.user.id) return;
  clearToken("No token yet");
  showMessage(element("call"));
  lastCall.failed = false;
  showException();
  choice.value = session === undefined ? "powersync-auth-anonymous" : "powersync-auth";
});

on("state", (state, before) => {
  if (runOf(state) !== lastCall.run) {
    // What failed was older code.
    lastCall.failed = false;
    showMessage(element("call"));
  }
  showAge();
  showException();
  if (before !== undefined && decisive(state) !== decisive(before)) judgeAgain();
});

on("isOnline", (isOnline) => {
  clearVerdict(isOnline ? unchecked() : "No verdict: the server does not answer");
  judgeAgain();
});

/** Says when the code that made the token is no longer the newest. */
function showAge() {
  const { token, code } = checked;
  const isOlder = code !== undefined && field.value.trim() === token && code !== codeOf(shared.state);
  setText(
    "older",
    isOlder ? "Made by older code: the functions were loaded again since. Get a new token." : "",
  );
}

/** Names the version of the code that runs. */
function codeOf({ instance, functions: { generation } }) {
  return `${instance} ${generation}`;
}

/** Changes as well when newer code cannot be loaded. */
function runOf(state) {
  return `${codeOf(state)} ${state.functions.state}`;
}

/** What a verdict depends on, besides the token and the time. */
function decisive(state) {
  return JSON.stringify([codeOf(state), state.keys, state.clientAuth, state.problem]);
}

/** Shows the exception behind the call that failed: of its function, or what ended all of them. */
function showException() {
  const { exception } = shared.state?.functions ?? {};
  const isShown = lastCall.failed && [lastCall.name, "the functions"].includes(exception?.name);
  const text = isShown ? exception.text : "";
  if (element("exception").textContent !== text) {
    element("exception").replaceChildren(...text === "" ? [] : [make("pre", {}, text)]);
  }
}

/** Follows the clock: a verdict changes when the token expires, and when PowerSync's leeway ends. */
let seenAt = Date.now() / 1000;
export function followToken() {
  const [before, now] = [seenAt, Date.now() / 1000];
  seenAt = now;
  const exp = field.value.trim() === checked.token ? checked.claims?.exp : undefined;
  showExpiry(exp);
  if ([exp, exp + LEEWAY_SECONDS].some((moment) => moment > before && moment <= now)) judgeAgain();
}
