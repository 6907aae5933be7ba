/**
 * Each entry of docs/identity-providers.md, pasted as it is, with the tokens that its provider issues: what people send
 * is accepted, and tokens for others, of machines and of half a sign-in are refused.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { startFunctions, type StartOptions } from "../support/functions.ts";
import { ACCESS_TOKENS } from "../support/provider_access_tokens.ts";
import { type Entry, entryOf, LISTS, loadClaimsExample } from "../support/provider_page.ts";
import type { ProviderToken } from "../support/provider_page.ts";
import { REFUSED_TOKENS } from "../support/provider_refusals.ts";
import { SESSION_TOKENS } from "../support/provider_session_tokens.ts";
import { makeKey, sign, unsigned } from "../support/signing.ts";
import { assertTable } from "../support/table.ts";

const INVALID = "401 USER_TOKEN_INVALID";
const PROVIDER_TOKENS = { ...ACCESS_TOKENS, ...SESSION_TOKENS };

/** What most providers sign with. */
const rsa = await makeKey("RS256", "provider-key-1");
const example = await loadClaimsExample();

type ClaimsFile = NonNullable<StartOptions["claims"]>;
const pageClaims: ClaimsFile = (user) =>
  user === undefined ? example.anonymousClaims() : example.signedInClaims(user);
const anyClaims: ClaimsFile = (user) => ({ sub: user?.id });

/** A provider as its documentation describes it, and the functions with one entry for it. */
async function startProvider(
  section: string,
  { token, claims }: { token: ProviderToken; claims: ClaimsFile },
) {
  const entry: Entry = { ...entryOf(section, token.at), ...token.fields };
  const { issuer } = entry;
  const key = token.alg === undefined ? rsa : await makeKey(token.alg, rsa.kid);
  const place = token.keys ?? "https://keys.example/found-by-discovery";
  const discovery = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const internet = answerInternet({
    [place]: { keys: [{ ...key.publicJwk, ...token.jwk }] },
    ...(token.keys === undefined ? { [discovery]: { issuer, jwks_uri: place } } : {}),
  });
  const { askWith, seen } = startFunctions({ providers: [entry], claims });
  const now = Math.floor(Date.now() / 1000);
  /** Sends the provider's token with claims: the PowerSync user, or why there is none. */
  const userOf = async (changes: Record<string, unknown>, header: ProviderToken["header"] = {}) => {
    const claims = { iss: issuer, iat: now, exp: now + 3600, ...changes };
    const { status, body } = await askWith(await sign(claims, { key, header }));
    return status === 200 ? body.user_id : [status, body.code, body.reason].filter(Boolean).join(" ");
  };
  return { entry, seen, userOf, [Symbol.dispose]: () => internet[Symbol.dispose]() };
}

/** Answers https addresses, so that settings can be tested with the addresses that they have in production. */
function answerInternet(documents: Readonly<Record<string, unknown>>): Disposable {
  const known = new Map(Object.entries(documents).map(([url, json]) => [new URL(url).href, json]));
  const { fetch } = globalThis;
  globalThis.fetch = (input) => {
    const { href } = new URL(input instanceof Request ? input.url : input);
    const found = known.has(href) ? Response.json(known.get(href)) : new Response(null, { status: 404 });
    return Promise.resolve(found);
  };
  return { [Symbol.dispose]: () => void (globalThis.fetch = fetch) };
}

for (const [section, tokens] of Object.entries(PROVIDER_TOKENS)) {
  for (const [name, token] of Object.entries(tokens)) {
    Deno.test(`${section}, ${name}: its user gets a token, a token for another audience does not`, async () => {
      // The page's claims.ts names the issuers that the entries show.
      const claims = token.fields?.issuer === undefined ? pageClaims : anyClaims;
      using provider = await startProvider(section, { token, claims });
      const { entry, seen } = provider;
      const prefix = entry.subject_prefix ?? `${entry.issuer}|`;
      const user = `${prefix}${token.claims[`${entry.subject_claim ?? "sub"}`]}`;
      assertEquals(await provider.userOf(token.claims, token.header), user);
      assertEquals([seen.user?.role, seen.user?.isAnonymous], ["authenticated", false]);
      assertEquals(await provider.userOf({ ...token.claims, ...token.foreign }, token.header), INVALID);
    });
  }
}

for (const [section, tokens] of Object.entries(REFUSED_TOKENS)) {
  for (const [name, { from, claims, header, by }] of Object.entries(tokens)) {
    const place = by === "entry" ? "the entry" : "the page's claims.ts";
    Deno.test(`${section}, ${name}: refused by ${place}`, async () => {
      const people = PROVIDER_TOKENS[section] ?? {};
      const token = people[from ?? Object.keys(people)[0] ?? ""];
      assert(token !== undefined, `${section} has no token ${from}.`);
      const outcomes = [];
      for (const file of [pageClaims, anyClaims]) {
        using provider = await startProvider(section, { token, claims: file });
        outcomes.push(await provider.userOf({ aud: token.claims.aud, ...claims }, header ?? token.header));
      }
      const [withPage = "", without = ""] = outcomes;
      assertEquals(withPage, by === "entry" ? INVALID : `403 CLAIMS_REFUSED ${by}`);
      // If the page's claims.ts refuses it, nothing else would.
      assertEquals([without, /^\d{3} /.test(without)], [without, by === "entry"]);
    });
  }
}

Deno.test("an issuer without a line in the page's claims.ts is refused, and Supabase's users are not", () => {
  const claims = { sub: "u", role: "authenticated", is_anonymous: true };
  const user = { id: "u", role: "authenticated", isAnonymous: true, claims: { sub: "u" } };
  assertThrows(() => example.signedInClaims({ ...user, provider: "https://new.example" }));
  assertEquals(example.signedInClaims({ ...user, provider: "supabase" }), claims);
});

Deno.test("tokens that the page says cannot work are refused, whatever the entry", async () => {
  const firebase = SESSION_TOKENS.Firebase?.["ID token"];
  const okta = ACCESS_TOKENS.Okta?.["access token of a custom authorization server"];
  assert(firebase !== undefined && okta !== undefined);
  const { issuer } = entryOf("Firebase");
  const claims = { ...firebase.claims, iss: issuer, exp: 4e9 };
  const tokens = [
    // Of the emulator.
    unsigned({ alg: "none", typ: "JWT" }, claims).replace(/[^.]*$/, ""),
    unsigned({ alg: "none", typ: "JWT" }, claims),
    unsigned({ alg: "HS256", kid: "provider-key-1" }, claims),
    // An encrypted session of Auth.js (JWE, five parts), and an opaque token.
    "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2Q0JDLUhTNTEyIn0..AAAA.AAAA.AAAA",
    "ya29.a0AfH6SMBx",
  ];
  await assertTable(startFunctions({ providers: [entryOf("Firebase")] }).code, { [INVALID]: tokens });

  using provider = await startProvider("Okta", { token: okta, claims: anyClaims });
  const ofOrg = { ...okta.claims, iss: "https://DOMAIN.okta.com", aud: "https://DOMAIN.okta.com" };
  assertEquals(await provider.userOf(ofOrg, okta.header), INVALID);
});

Deno.test("every entry of the page is tested, and no other", () => {
  const tested = Object.entries(PROVIDER_TOKENS).flatMap(([section, tokens]) =>
    Object.values(tokens).map(({ at = [0, 0] }) => `${section} ${at}`)
  );
  const shown = [...LISTS].flatMap(([section, lists]) =>
    lists.flatMap((list, index) =>
      JSON.parse(list).map((_: unknown, entry: number) => `${section} ${[index, entry]}`)
    )
  );
  assertEquals([...new Set(tested)].sort(), shown.sort());
});
