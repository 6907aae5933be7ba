import { safeJson } from "../../cli/shown.ts";
import { named } from "../tokens/decoded-token.ts";
import { entryFor, GET_AUDIENCE, providerOf } from "../tokens/known-providers.ts";
import { readProviderList, setProviderList, slipsBetween } from "../tokens/provider-list.ts";
import type { Told } from "../tokens/told.ts";
import type { RefusalContext } from "./refusal.ts";

/** The finding where no list is known. */
export const NOT_IN_FILE = "user-token-provider-not-in-file";

const SETTING = "POWERSYNC_IDENTITY_PROVIDERS";

/**
 * Says that a token's issuer is not in the list, and with which entry it would be.
 *
 * @param what Whose the token is: the rest of the sentence "This is …".
 */
export function explainUnlisted(
  { decoded, environment }: Omit<RefusalContext, "timeoutMs">,
  what: string,
): Told | undefined {
  const { iss } = decoded.claims;
  const text = environment[SETTING]?.trim() || undefined;
  const list = readProviderList(text);
  const isBroken = text !== undefined && list === undefined;
  // The functions take a token without issuer for Supabase's, and say what is wrong with a list.
  if (iss === undefined || isBroken || list?.some(({ issuer }) => issuer === iss)) return undefined;
  for (const [index, entry] of (list ?? []).entries()) {
    const slips = slipsBetween(iss, entry.issuer);
    if (slips === undefined) continue;
    const set = setProviderList(list?.with(index, { ...entry, issuer: iss }) ?? []);
    const state = `\`issuer\` of entry ${index + 1} in ${SETTING} is ${named(entry.issuer)}`;
    const seen = `This is ${what}. ${state}: they differ in ${slips}, and every character counts.`;
    return { id: "user-token-issuer", status: "failed", seen, set };
  }
  const told = list === undefined
    ? { id: NOT_IN_FILE, status: "warning" } as const
    : { id: "user-token-provider-not-listed", status: "failed" } as const;
  const others = list === undefined
    ? `No ${SETTING} is known here, and the deployment's own cannot be read from outside.`
    : `The issuers in ${SETTING} are ${named(list.map(({ issuer }) => issuer))}.`;
  const seen = `This is ${what}. ${others}`;
  const entry = entryFor(decoded);
  if (entry === undefined) {
    const advice = providerOf(iss)?.cannotWork ??
      `${GET_AUDIENCE} An issuer that is not an https URL also needs \`jwks_uri\` in its entry.`;
    return { ...told, seen, advice };
  }
  return {
    ...told,
    seen: `${seen} This entry accepts it: ${safeJson(entry)}`,
    set: setProviderList([...list ?? [], entry]),
    advice: "Add it only if the provider is yours: whoever signs in there may then sync.",
  };
}
