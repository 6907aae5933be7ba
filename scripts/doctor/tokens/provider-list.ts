import { Buffer } from "node:buffer";
import { decodeJsonSecret, isJsonObject } from "../../../supabase/functions/_shared/powersync/secret.ts";
import type { RefusalContext } from "../user-token/refusal.ts";

/** An entry of `POWERSYNC_IDENTITY_PROVIDERS` as it was written. */
export type ProviderEntry = Readonly<Record<string, unknown>>;

/** The entries of the setting; `undefined` where it is not set, or cannot be read, of which the functions say more. */
export function readProviderList(text: string | undefined): ProviderEntry[] | undefined {
  const decoded = decodeJsonSecret(text ?? "");
  return decoded.ok && Array.isArray(decoded.value) ? decoded.value.filter(isJsonObject) : undefined;
}

/** The setting with other entries, as base64, which needs no quotes; `undefined` members are left out. */
export function setProviderList(entries: readonly ProviderEntry[]): { POWERSYNC_IDENTITY_PROVIDERS: string } {
  return { POWERSYNC_IDENTITY_PROVIDERS: Buffer.from(JSON.stringify(entries)).toString("base64") };
}

/** The entry of a token's issuer; `name`: what to call it; `change`: the setting with other fields in it. */
export function entryOf({ decoded, environment }: RefusalContext): {
  entry: ProviderEntry;
  name: string;
  change: (fields: ProviderEntry) => { POWERSYNC_IDENTITY_PROVIDERS: string };
} {
  const list = readProviderList(environment.POWERSYNC_IDENTITY_PROVIDERS) ?? [];
  const at = list.findIndex(({ issuer }) => issuer === decoded.claims.iss);
  const entry = list[at] ?? {};
  return {
    entry,
    name: `entry ${at + 1} in POWERSYNC_IDENTITY_PROVIDERS`,
    change: (fields) => setProviderList(list.with(at, { ...entry, ...fields })),
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
