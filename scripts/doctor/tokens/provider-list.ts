import { Buffer } from "node:buffer";
import { decodeJsonSecret, isJsonObject } from "../../../supabase/functions/_shared/powersync/secret.ts";
import { safeJson } from "../../cli/shown.ts";
import { type Check, failed, warning } from "../check.ts";
import type { EnvChange } from "../fix-context.ts";
import { named } from "./decoded-token.ts";
import { entryFor, GET_AUDIENCE, providerOf } from "./known-providers.ts";
import type { RefusalContext } from "./refusal.ts";
import { USER_TOKEN } from "./whose-token.ts";

const SETTING = "POWERSYNC_IDENTITY_PROVIDERS";

/** An entry of `POWERSYNC_IDENTITY_PROVIDERS` as it was written. */
export type ProviderEntry = Readonly<Record<string, unknown>>;

/** The entries of the setting; `undefined` where it is not set, or cannot be read, of which the functions say more. */
function readProviderList(text: string | undefined): ProviderEntry[] | undefined {
  const decoded = decodeJsonSecret(text ?? "");
  return decoded.ok && Array.isArray(decoded.value) ? decoded.value.filter(isJsonObject) : undefined;
}

/** The issuers in the setting. */
export function issuersIn(text: string | undefined): string[] {
  return (readProviderList(text) ?? []).map(({ issuer }) => issuer).filter((issuer) =>
    typeof issuer === "string"
  );
}

/** Other entries, as base64, which needs no quotes; `undefined` members are left out. */
function changeTo(entries: readonly ProviderEntry[]): EnvChange {
  return { set: { [SETTING]: Buffer.from(JSON.stringify(entries)).toString("base64") } };
}

/** The entry of a token's issuer; `name`: what to call it; `change`: the setting with other fields in it. */
export function entryOf({ decoded, environment }: RefusalContext): {
  entry: ProviderEntry;
  name: string;
  change: (fields: ProviderEntry) => EnvChange;
} {
  const list = readProviderList(environment[SETTING]) ?? [];
  const at = list.findIndex(({ issuer }) => issuer === decoded.claims.iss);
  const entry = list[at] ?? {};
  return {
    entry,
    name: `entry ${at + 1} in ${SETTING}`,
    change: (fields) => changeTo(list.with(at, { ...entry, ...fields })),
  };
}

/** What people get wrong in an issuer or audience, and how a text looks without it. */
const SLIPS: readonly (readonly [string, (text: string) => string])[] = [
  ["white space around it", (text) => text.trim()],
  ["a final slash", (text) => text.replace(/(?<!\/)\/+$/, "")],
  ["http or https", (text) => text.replace(/^https?:\/\//i, "")],
  ["upper and lower case", (text) => text.toLowerCase()],
  ["localhost or 127.0.0.1", (text) => text.replace(/^(https?:\/\/)?(127\.0\.0\.1|\[::1\])/i, "$1localhost")],
];

/** In what two texts differ that mean the same to a person; `undefined` where they mean different things. */
export function slipsBetween(one: unknown, other: unknown): string | undefined {
  if (typeof one !== "string" || typeof other !== "string") return undefined;
  const without = (text: string, kept?: string) =>
    SLIPS.reduce((rest, [slip, strip]) => slip === kept ? rest : strip(rest), text);
  if (without(one) !== without(other)) return undefined;
  return SLIPS.filter(([slip]) => without(one, slip) !== without(other, slip)).map(([slip]) => slip).join(
    " and ",
  );
}

/** The finding where no list is known. */
export const NOT_IN_FILE = "user-token-provider-not-in-file";

/**
 * Says that a token's issuer is not in the list, and with which entry it would be.
 *
 * @param what Whose the token is: the rest of the sentence "This is …".
 */
export function explainUnlisted(
  { decoded, environment }: Omit<RefusalContext, "timeoutMs">,
  what: string,
): Check | undefined {
  const { iss } = decoded.claims;
  const text = environment[SETTING]?.trim() || undefined;
  const list = readProviderList(text);
  const isBroken = text !== undefined && list === undefined;
  // The functions take a token without issuer for Supabase's, and say what is wrong with a list.
  if (iss === undefined || isBroken || list?.some(({ issuer }) => issuer === iss)) return undefined;
  for (const [index, entry] of (list ?? []).entries()) {
    const slips = slipsBetween(iss, entry.issuer);
    if (slips === undefined) continue;
    const change = changeTo(list?.with(index, { ...entry, issuer: iss }) ?? []);
    const state = `\`issuer\` of entry ${index + 1} in ${SETTING} is ${named(entry.issuer)}`;
    const seen = `This is ${what}. ${state}: they differ in ${slips}, and every character counts.`;
    return failed(USER_TOKEN, "user-token-issuer", { seen, change });
  }
  const others = list === undefined
    ? `No ${SETTING} is known here, and the deployment's own cannot be read from outside.`
    : `The issuers in ${SETTING} are ${named(list.map(({ issuer }) => issuer))}.`;
  const seen = `This is ${what}. ${others}`;
  const entry = entryFor(decoded);
  const found = entry === undefined
    ? {
      seen,
      hint: providerOf(iss)?.cannotWork ??
        `${GET_AUDIENCE} An issuer that is not an https URL also needs \`jwks_uri\` in its entry.`,
    }
    : {
      seen: `${seen} This entry accepts it: ${safeJson(entry)}`,
      change: changeTo([...list ?? [], entry]),
      hint: "Add it only if the provider is yours: whoever signs in there may then sync.",
    };
  return list === undefined
    ? warning(USER_TOKEN, NOT_IN_FILE, found)
    : failed(USER_TOKEN, "user-token-provider-not-listed", found);
}
