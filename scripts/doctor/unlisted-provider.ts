import { safeJson } from "../cli/shown.ts";
import { named } from "./decoded-token.ts";
import { entryFor } from "./known-providers.ts";
import { readProviderList, setProviderList, slipsBetween } from "./provider-list.ts";
import type { RefusalContext } from "./refusal.ts";
import type { Told } from "./told.ts";

/** Says that a token's issuer is not in the list, and with which entry it would be. */
export function explainUnlisted(
  { decoded, environment }: Omit<RefusalContext, "timeoutMs">,
  what: string,
): Told | undefined {
  const { iss } = decoded.claims;
  const text = environment.POWERSYNC_IDENTITY_PROVIDERS?.trim() || undefined;
  const list = readProviderList(text);
  const isBroken = text !== undefined && list === undefined;
  // The functions take a token without issuer for Supabase's, and say what is wrong with a list.
  if (iss === undefined || isBroken || list?.some(({ issuer }) => issuer === iss)) return undefined;
  const near =
    list?.findIndex(({ issuer }) =>
      typeof issuer === "string" && slipsBetween(`${iss}`, issuer) !== undefined
    ) ?? -1;
  const { issuer } = list?.[near] ?? {};
  if (list !== undefined && typeof issuer === "string") {
    const seen = `\`iss\` is ${named(iss)}, and \`issuer\` of entry ${
      near + 1
    } in POWERSYNC_IDENTITY_PROVIDERS is ${named(issuer)}: they differ in ${
      slipsBetween(`${iss}`, issuer)
    }, and every character counts.`;
    const healed = list.map((entry, index) => index === near ? { ...entry, issuer: iss } : entry);
    return { id: "user-token-issuer", status: "failed", seen, set: setProviderList(healed) };
  }
  const entry = entryFor(decoded);
  const others = list === undefined
    ? "The file has no POWERSYNC_IDENTITY_PROVIDERS, and the deployment's list cannot be read from outside."
    : `The issuers in POWERSYNC_IDENTITY_PROVIDERS are ${named(list.map(({ issuer }) => issuer))}.`;
  const told = list === undefined
    ? { id: "user-token-provider-not-in-file", status: "warning" } as const
    : { id: "user-token-provider-not-listed", status: "failed" } as const;
  if (entry === undefined) {
    const advice =
      "Its entry needs an `audience` that the token names, and `jwks_uri` where the issuer is not an https URL.";
    return { ...told, seen: `This is ${what}. ${others}`, advice };
  }
  return {
    ...told,
    seen: `This is ${what}. ${others} This entry accepts it: ${safeJson(entry)}`,
    set: setProviderList([...list ?? [], entry]),
    advice: "Add it only if the provider is yours: whoever signs in there may then sync.",
  };
}
