/** Shows the claims and the header of a token. */
import { claimRows } from "./claim-rows.js";
import { element, make, setText } from "./dom.js";
import { dateAndTime, distance } from "./time.js";

const TIMES = ["iat", "exp", "nbf", "auth_time"];

/** Shows the claims of a token, and what changed since the claims before; `undefined` for a text that has none. */
export function showClaims(claims, before) {
  const rows = claims === undefined ? [] : claimRows(claims, before);
  element("claims").replaceChildren(...rows.map(claimRow));
  setText("changes", claims === undefined ? "This text has no claims." : summary(rows, before));
}

/** Shows that there is no token. */
export function clearClaims(text) {
  element("claims").replaceChildren();
  element("header").replaceChildren();
  setText("changes", text);
}

/** Shows the header of a token. */
export function showHeader(header = {}) {
  const facts = Object.entries(header).flatMap(([name, value]) => [
    make("dt", {}, make("code", {}, name)),
    make("dd", {}, make("code", {}, textOf(value))),
  ]);
  element("header").replaceChildren(...facts);
}

function summary(rows, before) {
  if (before === undefined) return "";
  const counts = ["added", "changed", "removed"].flatMap((change) => {
    const count = rows.filter((row) => row.change === change).length;
    return count === 0 ? [] : [`${count} ${change}`];
  });
  return `Compared with the token before: ${counts.length === 0 ? "the same claims" : counts.join(", ")}.`;
}

function claimRow({ name, value, change, was }) {
  const time = TIMES.includes(name) ? timeOf(value) : undefined;
  const mark = change === undefined ? [] : [make("span", { class: "mark" }, change)];
  return make(
    "div",
    change === undefined ? {} : { "data-change": change },
    make("dt", {}, make("code", {}, name), ...mark),
    make(
      "dd",
      {},
      ...was === undefined ? [] : [make("del", {}, textOf(was)), " "],
      ...value === undefined ? [] : [make("code", {}, textOf(value))],
      ...time === undefined ? [] : [time],
    ),
  );
}

function textOf(value) {
  return typeof value === "object" ? JSON.stringify(value, null, 2) : JSON.stringify(value);
}

/** The distance follows the clock: see `followClock`. */
function timeOf(seconds) {
  const text = dateAndTime(seconds);
  if (text === undefined) return undefined;
  const relative = make("span", { "data-distance": seconds }, distance(seconds));
  return make("span", { class: "time" }, relative, ` · ${text}`);
}

/** Brings the distances up to date. */
export function followClock() {
  for (const span of document.querySelectorAll("[data-distance]")) {
    span.textContent = distance(Number(span.dataset.distance));
  }
}
