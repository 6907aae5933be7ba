/** Shows whether PowerSync accepts a token, and why not. */
import { element, make, setText, withCode } from "./dom.js";
import { dateAndTime, distance } from "./time.js";

const VERDICTS = {
  accepted: "PowerSync accepts this token",
  refused: "PowerSync refuses this token",
  undecided: "Not everything could be checked",
};

/** Shows a verdict: what needs attention is open, what passed is one line. */
export function showVerdict({ verdict: { outcome, code }, rules }) {
  element("verdict").dataset.outcome = outcome;
  setText("verdict-text", code === undefined ? VERDICTS[outcome] : `${VERDICTS[outcome]}: ${code}`);
  const order = ["failed", "warning", "skipped"];
  const open = order.flatMap((wanted) => rules.filter((rule) => rule.outcome === wanted));
  const passed = rules.filter((rule) => rule.outcome === "passed");
  element("open-rules").replaceChildren(...open.map(resultItem));
  element("passed-rules").replaceChildren(...passed.map(resultItem));
  setText("passed-count", passed.length === 1 ? "1 rule passed" : `${passed.length} rules passed`);
  element("passed").hidden = passed.length === 0;
}

/** Takes the verdict away, and says why there is none. */
export function clearVerdict(text) {
  delete element("verdict").dataset.outcome;
  setText("verdict-text", text);
  element("open-rules").replaceChildren();
  element("passed").hidden = true;
}

/** Shows how long a token is still valid; `undefined` hides it. */
export function showExpiry(seconds) {
  const text = seconds === undefined ? undefined : dateAndTime(seconds);
  if (text === undefined) return setText("expiry", "");
  const verb = seconds < Date.now() / 1000 ? "Expired" : "Expires";
  setText("expiry", `${verb} ${distance(seconds)} · ${text}`);
}

/** One rule or finding as a list item. */
export function resultItem({ rule, outcome, code, seen, fix }) {
  const title = [make("code", {}, rule), ` ${outcome}`];
  if (code !== undefined) title.push(" ", make("code", { class: "code" }, code));
  return make(
    "li",
    { "data-outcome": outcome },
    make("strong", {}, ...title),
    make("span", {}, ...withCode(seen)),
    ...fix === undefined ? [] : [make("span", { class: "fix" }, ...withCode(fix))],
  );
}
