import { visible } from "../../cli/shown.ts";
import { decodePart } from "../../powersync/check-token.ts";
import { quoted } from "../../powersync/result.ts";

/** A JWT that was only decoded: anybody may have written what is in it. */
export interface DecodedToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Longer than any server accepts. */
const MAX_CHARACTERS = 64 * 1024;
/** An issuer or audience is to be compared, so it is shown whole. */
const MAX_SHOWN = 160;

/** Decodes a JWT as leniently as PowerSync, or returns `undefined` for a text that is not one. */
export function decodeLeniently(token: string): DecodedToken | undefined {
  const parts = token.split(".");
  if (parts.length !== 3 || token.length > MAX_CHARACTERS) return undefined;
  const [header, claims] = parts.map(decodePart);
  return header === undefined || claims === undefined ? undefined : { header, claims };
}

/** A claim or setting for a sentence, long enough to compare; one that is not there is "missing". */
export function named(value: unknown): string {
  if (Array.isArray(value)) {
    return value.slice(0, 5).map((one) => Array.isArray(one) ? "a list" : named(one)).join(", ") ||
      "an empty list";
  }
  if (typeof value !== "string") return value === undefined ? "missing" : quoted(value);
  return `"${visible(value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value)}"`;
}

/** The members of a claim that is a text or a list of texts, such as `aud`. */
export function textsOf(claim: unknown): string[] {
  return [claim].flat().filter((value) => typeof value === "string");
}

/** The audiences of a token, as a list. */
export function audienceOf(token: string): unknown[] {
  return [decodeLeniently(token)?.claims.aud].flat();
}
