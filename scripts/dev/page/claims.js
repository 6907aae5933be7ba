/** The claims of a token, compared with those of the one before. */
import { code, make } from "./dom.js";
import { when } from "./time.js";

/** Differ in every two tokens. */
const EVERY_TOKEN = ["iat", "nbf", "jti"];

const TIMES = ["iat", "exp", "nbf", "auth_time"];

/** Header and claims of a token, or `undefined` for a part that is not a JSON object. */
export function decode(token) {
  const [header, claims] = token.trim().split(".").map(decodePart);
  return { header, claims };
}

function decodePart(part) {
  try {
    const binary = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * One row for each claim; claims that are gone come last.
 *
 * @param claims The token's claims.
 * @param before The claims of the token before, if there was one.
 * @returns Rows of `{ name, value, change, was }`; `change` is `added`, `changed`, `removed` or `undefined`.
 */
export function claimRows(claims, before = claims) {
  const rows = Object.entries(claims).map(([name, value]) => {
    if (EVERY_TOKEN.includes(name) || isSame(name, claims, before)) return { name, value };
    return Object.hasOwn(before, name)
      ? { name, value, change: "changed", was: before[name] }
      : { name, value, change: "added" };
  });
  const gone = Object.entries(before)
    .filter(([name]) => !Object.hasOwn(claims, name) && !EVERY_TOKEN.includes(name))
    .map(([name, was]) => ({ name, change: "removed", was }));
  return [...rows, ...gone];
}

/** A later `exp` is only a change if the lifetime is another. */
function isSame(name, claims, before) {
  if (name === "exp") return claims.exp - claims.iat === before.exp - before.iat;
  return JSON.stringify(claims[name]) === JSON.stringify(before[name]);
}

/** What changed, in a sentence. */
export function changeSummary(rows) {
  const counts = ["added", "changed", "removed"].flatMap((change) => {
    const count = rows.filter((row) => row.change === change).length;
    return count === 0 ? [] : [`${count} ${change}`];
  });
  return `Compared with the token before: ${counts.length === 0 ? "the same claims" : counts.join(", ")}.`;
}

/** A row as it is shown. */
export function claimRow({ name, value, change, was }) {
  const time = TIMES.includes(name) ? when(value) : undefined;
  const mark = change && make("span", { class: "mark" }, change);
  return make(
    "div",
    { "data-change": change },
    make("dt", {}, code(name), mark),
    make(
      "dd",
      {},
      was === undefined ? undefined : make("del", {}, textOf(was)),
      value === undefined ? undefined : code(textOf(value)),
      time && make("span", { class: "muted" }, time),
    ),
  );
}

function textOf(value) {
  return typeof value === "object" ? JSON.stringify(value, null, 2) : JSON.stringify(value);
}
