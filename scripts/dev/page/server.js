/** Follows what the server says of itself, and shows it: the functions, the keys, the settings, and what is wrong. */
import { showError } from "./actions.js";
import { code, element, errorLines, fill, make, withCode } from "./dom.js";
import { onUpdate, page, update } from "./store.js";
import { dateAndTime } from "./time.js";
import { resultItem } from "./verdict.js";

const RETRY_MS = 1_000;

const STATES = {
  ready: "Functions ready",
  loading: "Loading the functions…",
  failed: "Functions not loaded",
  offline: "Server stopped",
};

let events;
let retry;

/** Connects, unless nobody sees the page: a browser has six connections for one server. */
export function connect() {
  events?.close();
  clearTimeout(retry);
  if (document.hidden) return;
  events = new EventSource("/dev/events");
  events.onmessage = ({ data }) => receive(JSON.parse(data));
  events.onerror = () => {
    events.close();
    update({ isOnline: false });
    retry = setTimeout(connect, RETRY_MS);
  };
}

document.addEventListener("visibilitychange", connect);

function receive(server) {
  const isOther = page.server !== undefined && page.server.instance !== server.instance;
  const hasLostUsers = isOther && server.isDevelopmentAuth && page.session !== undefined;
  update({ server, isOnline: true, ...(hasLostUsers ? { session: undefined } : {}) });
  if (!hasLostUsers) return;
  const message = "The server was started again, and its users are gone: sign up again.";
  showError(element("caller-card"), { message });
}

onUpdate(() => {
  const { server, isOnline } = page;
  if (isOnline === undefined) return;
  const shown = isOnline ? server.functions.state : "offline";
  element("status").dataset.state = shown;
  fill("status", STATES[shown]);
  const alerts = isOnline
    ? [loadAlert(server), fileAlert(server), findingsAlert(server)]
    : [offlineAlert(server)];
  // What keeps tokens from being made comes above everything else.
  fill("alerts", ...alerts);
  if (server !== undefined) showSettings(server);
});

function showSettings(
  { supabaseUrl, isDevelopmentAuth, publishableKey, keys = [], clientAuth = "", problem },
) {
  fill(
    "platform",
    isDevelopmentAuth ? "Development Auth " : "Your project ",
    code(supabaseUrl),
    ", publishable key ",
    publishableKey === undefined ? "not set" : code(publishableKey),
  );
  const rows = keys.map((key) =>
    make("tr", {}, ...[code(key.kid), code(key.alg), roleText(key)].map((content) => make("td", {}, content)))
  );
  fill("keys", ...rows);
  fill("client-auth", clientAuth);
  // Not known while the .env file is broken.
  for (const id of ["keys-card", "settings-card"]) element(id).hidden = problem !== undefined;
}

function roleText({ role, startsAt }) {
  if (role === "signs") return "signs new tokens";
  return role === "verifies" ? "verifies only" : `starts to sign at ${dateAndTime(startsAt)}`;
}

function offlineAlert(server) {
  // Before the first answer it is not known how the reader starts it.
  const again = server === undefined ? "Start it again." : `Start it again: \`${server.command}\`.`;
  return alertOf("The server does not answer", withCode(`${again} This page goes on by itself.`));
}

function loadAlert({ functions: { problem }, problem: fileProblem, problems = [] }) {
  if (problem === undefined) return undefined;
  // A broken .env is shown with its fix, by itself.
  const isOfFile = problem.file === undefined || problem.file.endsWith(".env");
  if (isOfFile && (fileProblem !== undefined || problems.some(isError))) return undefined;
  const { file, line, text } = problem;
  const place = file === undefined ? "" : `\`${file}\`${line === undefined ? "" : `, line ${line}`}. `;
  return alertOf("The functions cannot be loaded", [
    ...withCode(`${place}They are loaded again when you save.`),
    make("pre", {}, text),
  ]);
}

function fileAlert({ problem }) {
  return problem && alertOf("The .env file is broken", errorLines(problem));
}

function findingsAlert({ problems = [] }) {
  if (problems.length === 0) return undefined;
  const items = problems.map((finding) => {
    const outcome = isError(finding) ? "failed" : "warning";
    return resultItem({ rule: finding.id, outcome, seen: finding.message, fix: finding.hint });
  });
  const list = make("ul", { class: "results" }, ...items);
  return alertOf("Check supabase/functions/.env", [list], problems.some(isError) ? "error" : "warning");
}

function isError({ severity }) {
  return severity === "error";
}

function alertOf(title, content, severity = "error") {
  return make(
    "div",
    { class: "alert", "data-severity": severity },
    make("h2", {}, title),
    make("div", {}, ...content),
  );
}
