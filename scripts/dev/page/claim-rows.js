/** The claims of a token, compared with those of the one before. */

/** Differ in every two tokens. */
const EVERY_TOKEN = ["iat", "nbf", "jti"];

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
export function claimRows(claims, before) {
  const rows = Object.entries(claims).map(([name, value]) => {
    if (before === undefined || EVERY_TOKEN.includes(name)) return { name, value };
    if (!Object.hasOwn(before, name)) return { name, value, change: "added" };
    return isSame(name, claims, before)
      ? { name, value }
      : { name, value, change: "changed", was: before[name] };
  });
  const gone = Object.entries(before ?? {})
    .filter(([name]) => !Object.hasOwn(claims, name) && !EVERY_TOKEN.includes(name))
    .map(([name, was]) => ({ name, change: "removed", was }));
  return [...rows, ...gone];
}

/** A later `exp` is only a change if the lifetime is another. */
function isSame(name, claims, before) {
  if (name === "exp") return claims.exp - claims.iat === before.exp - before.iat;
  return JSON.stringify(claims[name]) === JSON.stringify(before[name]);
}
