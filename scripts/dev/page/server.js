/** Shows what the server says of itself: the functions, the keys, the settings, and what is wrong with them. */
import { element, make, setText, withCode } from "./dom.js";
import { on, shared } from "./store.js";
import { dateAndTime } from "./time.js";
import { resultItem } from "./verdict.js";

const STATES = {
  ready: "Functions ready",
  loading: "Loading the functions…",
  failed: "Functions not loaded",
};

on("isOnline", showAlerts);

on("state", (state) => {
  const { supabaseUrl, isDevelopmentAuth, publishableKey, keys = [], clientAuth = "" } = state;
  element("platform").replaceChildren(
    isDevelopmentAuth ? "Development Auth " : "Your project ",
    make("code", {}, supabaseUrl),
    publishableKey === undefined ? ", publishable key not set" : ", publishable key ",
    ...publishableKey === undefined ? [] : [make("code", {}, publishableKey)],
  );
  element("keys").replaceChildren(...keys.map((key) =>
    make(
      "tr",
      {},
      make("td", {}, make("code", {}, key.kid)),
      make("td", {}, make("code", {}, key.alg)),
      make("td", {}, roleText(key)),
    )
  ));
  setText("client-auth", clientAuth);
  // Not known while the .env file is broken.
  for (const id of ["keys-card", "settings-card"]) element(id).hidden = state.problem !== undefined;
  showAlerts();
});

function roleText({ role, startsAt }) {
  if (role === "signs") return "signs new tokens";
  return role === "verifies" ? "verifies only" : `starts to sign at ${dateAndTime(startsAt)}`;
}

/** What keeps tokens from being made comes above everything else. */
function showAlerts() {
  const { isOnline, state } = shared;
  const shown = isOnline
    ? state.functions.problem === undefined ? state.functions.state : "failed"
    : "offline";
  element("status").dataset.state = shown;
  setText("status", STATES[shown] ?? "Server stopped");
  const alerts = isOnline
    ? [loadAlert(state), fileAlert(state), findingsAlert(state)]
    : [offlineAlert(state)];
  // What has not changed is not announced again, and a selection in it stays.
  const box = element("alerts");
  const wanted = alerts.filter((alert) => alert !== undefined);
  const isSame = box.children.length === wanted.length &&
    wanted.every((alert, index) => alert.isEqualNode(box.children[index]));
  if (!isSame) box.replaceChildren(...wanted);
}

function offlineAlert(state) {
  // Before the first state it is not known how the reader starts it.
  const again = state === undefined ? "Start it again." : `Start it again: \`${state.command}\`.`;
  return alertOf("The server does not answer", [
    ...withCode(`${again} This page goes on by itself.`),
  ]);
}

function loadAlert({ functions: { problem }, problem: fileProblem, problems = [] }) {
  if (problem === undefined) return undefined;
  // A broken .env is shown with its fix, by itself.
  const isOfFile = problem.file === undefined || problem.file.endsWith(".env");
  const isShown = fileProblem !== undefined || problems.some(({ severity }) => severity === "error");
  if (isOfFile && isShown) return undefined;
  const { file, line, text } = problem;
  const place = file === undefined ? "" : `\`${file}\`${line === undefined ? "" : `, line ${line}`}. `;
  return alertOf("The functions cannot be loaded", [
    ...withCode(`${place}They are loaded again when you save.`),
    make("pre", {}, text),
  ]);
}

function fileAlert({ problem }) {
  if (problem === undefined) return undefined;
  const { code, message, hint = "" } = problem;
  return alertOf("The .env file is broken", [
    ...code === undefined ? [] : [make("code", {}, code), " "],
    ...withCode(message),
    ...hint === "" ? [] : [make("span", { class: "fix" }, ...withCode(hint))],
  ]);
}

function findingsAlert({ problems = [] }) {
  if (problems.length === 0) return undefined;
  const items = problems.map(({ id, severity, message, hint }) =>
    resultItem({
      rule: id,
      outcome: severity === "error" ? "failed" : "warning",
      seen: message,
      ...(hint === "" ? {} : { fix: hint }),
    })
  );
  const isBroken = problems.some(({ severity }) => severity === "error");
  return alertOf("Check supabase/functions/.env", [make("ul", { class: "results" }, ...items)], isBroken);
}

function alertOf(title, content, isError = true) {
  return make(
    "div",
    { class: "alert", "data-severity": isError ? "error" : "warning" },
    make("h2", {}, title),
    make("div", {}, ...content),
  );
}
