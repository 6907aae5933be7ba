/** How the text of a setting is read. Each function throws {@linkcode Unusable} for a text that it cannot read. */
import { decodeJsonSecret, isJsonObject } from "./secret.ts";

/** PowerSync refuses more (PSYNC_S2104). */
export const MAX_LIFETIME_SECONDS = 86_400;
/** Clients renew a token when 30 s remain. */
export const MIN_LIFETIME_SECONDS = 60;

/** What `read` of a setting throws; the rest of the sentence "NAME cannot be used: it …". */
export class Unusable extends Error {}

/** Any text. */
export function asWritten(text: string): string {
  return text;
}

/** Not normalised: PowerSync compares the audience character by character. A trailing slash would be a mismatch. */
export function plainUrl(text: string): string {
  // Printable ASCII without spaces: the URL parser drops line breaks without a word.
  const url = /^[\x21-\x7e]+$/.test(text) ? URL.parse(text) : null;
  const isPlain = url !== null && /^https?:$/.test(url.protocol) && !/[<>?#]/.test(text);
  if (!isPlain || url.username !== "" || url.password !== "") throw new Unusable("is not a plain URL");
  return text.replace(/\/+$/, "");
}

/** One value or several. A list as JSON, or quotation marks around single values, would become part of them. */
export function commaSeparated(text: string): [string, ...string[]] {
  const [first, ...others] = text.split(",").map((item) => item.trim()).filter((item) => item !== "");
  const isQuoted = /^\[.*\]$|["'`“”‘’]\s*,|,\s*["'`“”‘’]/s.test(text);
  if (first !== undefined && !isQuoted) return [first, ...others];
  throw new Unusable("must be values separated by commas, without brackets and quotation marks");
}

/** In seconds. */
export function lifetime(text: string): number {
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : NaN;
  if (seconds >= MIN_LIFETIME_SECONDS && seconds <= MAX_LIFETIME_SECONDS) return seconds;
  throw new Unusable(
    `must be a whole number of seconds from ${MIN_LIFETIME_SECONDS} to ${MAX_LIFETIME_SECONDS}`,
  );
}

/** Who tells whether a user is still signed in. */
export function sessionCheck(text: string): "token" | "server" {
  if (text === "token" || text === "server") return text;
  throw new Unusable("is neither `token` nor `server`");
}

/** The members of a JWKS or of an array; whether they are keys is not checked. */
export function jwks(text: string): Record<string, unknown>[] {
  const value = json(text);
  const keys = isJsonObject(value) ? value.keys : value;
  if (Array.isArray(keys) && keys.every(isJsonObject)) return keys;
  throw new Unusable("is not a JWKS");
}

/** The API keys of an object whose members are their names. */
export function namedKeys(text: string): string[] {
  const value = json(text);
  const keys = isJsonObject(value) ? Object.values(value) : [undefined];
  if (keys.every((key): key is string => typeof key === "string" && key !== "")) return keys;
  throw new Unusable("is not a JSON object of names and keys");
}

function json(text: string): unknown {
  const decoded = decodeJsonSecret(text);
  if (decoded.ok) return decoded.value;
  throw new Unusable(decoded.problem);
}
