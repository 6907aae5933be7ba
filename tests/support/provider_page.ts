/** What docs/identity-providers.md gives people to paste. */
import { exampleNamed } from "./claims_examples.ts";
import { blocksOf } from "./documents.ts";

const PAGE = "docs/identity-providers.md";
const SHARED = new URL("../../supabase/functions/_shared/powersync/", import.meta.url);

/** An entry of `POWERSYNC_IDENTITY_PROVIDERS` as the page shows it. */
export type Entry = Readonly<Record<string, unknown>> & { readonly issuer: string };

/** A kind of token of one provider. */
export interface ProviderToken {
  /** Which list of the section its entry is in, and which of that list it is; the first of the first by default. */
  readonly at?: readonly [list: number, entry: number];
  /** Changes to the entry that the section describes in words. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Where the provider publishes its keys; found by Discovery, too, unless the provider has none. */
  readonly keys?: string;
  readonly alg?: string;
  /** Members of the token's header besides algorithm and key ID; `typ` is `JWT` unless it says otherwise. */
  readonly header?: Readonly<Record<string, unknown>>;
  /** Members of the provider's JWK besides the key; `undefined` removes one. */
  readonly jwk?: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Changes that make it a token for another audience. */
  readonly foreign: Readonly<Record<string, unknown>>;
}

/** Tokens by name, and those by the heading of the section. */
export type ProviderTokens = Readonly<Record<string, Readonly<Record<string, ProviderToken>>>>;

/** The lists, as text, by the heading of their section. */
export const LISTS: ReadonlyMap<string, readonly string[]> = new Map(
  [...Map.groupBy(
    blocksOf(PAGE).filter(({ language }) => language === "json"),
    ({ section }) => /^#+ (.*)/.exec(section)?.[1] ?? "",
  )].map(([section, lists]) => [section, lists.map(({ text }) => text)]),
);

/** One entry: of which section, which list in it, and which entry of that. */
export function entryOf(section: string, [list, entry]: readonly [number, number] = [0, 0]): Entry {
  const found: Entry | undefined = JSON.parse(LISTS.get(section)?.[list] ?? "[]")[entry];
  if (found === undefined) throw new Error(`${section} has no entry ${entry + 1} in list ${list + 1}.`);
  return found;
}

/** The page's claims.ts, which lets only people sync, with its two functions and its table of issuers. */
export async function loadClaimsExample(): Promise<{
  signedInClaims(user: unknown): unknown;
  anonymousClaims(): unknown;
  issuers: readonly string[];
}> {
  const text = exampleNamed(PAGE, "people").files.get("claims.ts") ?? "";
  const source = text.replaceAll(/"\.\/(\w+\.ts)"/g, (_, name) => `"${new URL(name, SHARED)}"`);
  const module = `${source}\nexport const issuers = Object.keys(IS_PERSON);`;
  return await import(`data:application/typescript,${encodeURIComponent(module)}`);
}
