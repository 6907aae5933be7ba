/** Gets tokens, and has them checked: no verdict stays when what it is about has changed. */
import { onClick, onSubmit } from "./actions.js";
import { callFunction, checkToken, readState } from "./calls.js";
import { changeSummary, claimRow, claimRows, decode } from "./claims.js";
import { element, errorLines, fill } from "./dom.js";
import { onUpdate, page } from "./store.js";
import { expiryOf } from "./time.js";
import { showNoVerdict, showVerdict } from "./verdict.js";

/** PowerSync accepts a token for so long after it has expired. */
const LEEWAY_SECONDS = 60;

/** The last call of a function: its `answer` or its `error`, and the `state` of the code that gave it. */
let call = {};

/** The last token that was decoded, the claims of the one `before`, and the `code` that made it, if it was made here. */
let token = { text: "" };

/** What the last check was `of`, and its `result` or `error`. */
let check = {};

const field = element("token");
const choice = element("function");

/** Where the token of the last call may be used. */
export function endpoint() {
  return call.answer?.endpoint ?? "";
}

onSubmit("call", getToken);
onClick(element("check"), () => judge());

async function getToken() {
  const mine = call = {};
  show();
  const called = await callOf(choice.value).catch((error) => ({ error, state: page.server }));
  // Another call, another user, or a token that was typed in the meantime.
  if (mine !== call) return;
  call = called;
  field.value = call.answer?.token ?? "";
  if (call.answer === undefined) show();
  else await judge(codeOf(call.state));
}

async function callOf(name) {
  // Asked first: what was made during a reload counts as older.
  const before = await readState();
  const called = await callFunction(name).then((answer) => ({ answer }), (error) => ({ error }));
  const after = await readState();
  const { exception } = after.functions;
  // Of this function, or what ended all of them.
  const isOurs = [name, "the functions"].includes(exception?.name);
  if (called.error?.status >= 500 && isOurs) called.error.exception = exception.text;
  // A request waits for code that is being loaded.
  return { ...called, state: before.functions.state === "loading" ? after : before };
}

/** Decodes the token in the field, compares it with the token before, and has it checked. */
async function judge(code) {
  const text = field.value.trim();
  if (text !== token.text || code !== undefined) {
    check = {};
    token = { text, ...decode(text), before: token.claims, code };
  }
  await ask();
}

async function ask() {
  const mine = check = { ...check, of: decisive() };
  const answer = await checkToken(token.text).then((result) => ({ result }), (error) => ({ error }));
  if (mine !== check) return;
  check = { of: mine.of, ...answer };
  show();
}

/** What a verdict depends on. */
function decisive() {
  const { server } = page;
  const { exp } = token.claims ?? {};
  const hasPassed = [exp, exp + LEEWAY_SECONDS].map((moment) => moment <= Date.now() / 1000);
  const { keys, clientAuth, problem } = server;
  return JSON.stringify([token.text, hasPassed, codeOf(server), keys, clientAuth, problem]);
}

field.addEventListener("input", () => {
  call = { ...call };
  show();
});

onUpdate((before) => {
  const [userId, earlierId] = [page, before].map(({ session }) => session?.user.id);
  if (userId !== earlierId) {
    call = {};
    field.value = "";
    choice.value = userId === undefined ? "powersync-auth-anonymous" : "powersync-auth";
  }
  if (page.server !== undefined) show();
});

function show() {
  const { server, isOnline } = page;
  const text = field.value.trim();
  const shown = text !== "" && text === token.text ? token : undefined;
  // What failed may have been older code.
  const error = call.state && runOf(call.state) === runOf(server) ? call.error : undefined;
  fill("call-error", ...error === undefined ? [] : errorLines(error));
  showToken(shown);
  if (!isOnline) showNoVerdict("No verdict: the server does not answer");
  else if (text === "") showNoVerdict(error === undefined ? "No token yet" : "No token: the call failed");
  else if (shown !== undefined && check.error !== undefined) {
    showNoVerdict("No verdict: the check failed", check.error);
  } else if (shown !== undefined && check.result !== undefined) showVerdict(check.result);
  else showNoVerdict("Not checked yet");
  if (shown !== undefined && check.of !== decisive() && isOnline) ask();
  if (!isOnline) check = {};
}

function showToken(shown) {
  const { header = {}, claims, before, code } = shown ?? {};
  const rows = claims === undefined ? [] : claimRows(claims, before);
  fill("claims", ...rows.map(claimRow));
  fill("header", ...claimRows(header).map(claimRow));
  const expiry = expiryOf(claims?.exp);
  fill("expiry", expiry === undefined ? "" : `This token ${expiry}`);
  const isOlder = code !== undefined && code !== codeOf(page.server);
  fill("older", isOlder ? "Made by older code: the functions were loaded again since. Get a new token." : "");
  if (field.value.trim() === "") fill("changes", "Get a token, or paste one to check it.");
  else if (shown === undefined) fill("changes", "Check this token to see what it says.");
  else if (claims === undefined) fill("changes", "This text has no claims.");
  else fill("changes", before === undefined ? "" : changeSummary(rows));
}

/** Names the version of the code that runs. */
function codeOf({ instance, functions: { generation } }) {
  return `${instance} ${generation}`;
}

/** Changes as well when newer code cannot be loaded. */
function runOf(server) {
  return `${codeOf(server)} ${server.functions.state}`;
}
