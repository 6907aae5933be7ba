/** Whether the pages name the limits that the code has, and the sizes of keys. */
import { assert, assertEquals } from "@std/assert";
import { encodeSecret, makeKeyPair } from "../../scripts/keys/key-pair.ts";
import { readFile } from "../support/documents.ts";

const CODE = "supabase/functions/_shared/powersync";

/** A constant of the code, its unit, and the pages that name it. */
const LIMITS: readonly (readonly [file: string, name: string, unit: string, pages: readonly string[]])[] = [
  ["auth-server.ts", "MAX_QUESTIONS", "", ["docs/supabase-auth.md", "docs/design.md", "docs/performance.md"]],
  ["auth-server.ts", "MAX_UNCONFIRMED", "", ["docs/supabase-auth.md"]],
  ["upstream.ts", "UPSTREAM_TIMEOUT_MS", "s", ["docs/supabase-auth.md", "docs/design.md"]],
  ["verify.ts", "MAX_TOKEN_CHARACTERS", "characters", ["docs/supabase-auth.md", "docs/errors.md"]],
  ["provider-issuer.ts", "MAX_SUBJECT_CHARACTERS", "characters", ["docs/identity-providers.md"]],
  ["key-set.ts", "FRESH_MS", "minutes", ["docs/supabase-auth.md", "docs/design.md"]],
  ["key-set.ts", "MAX_AGE_MS", "minutes", ["docs/supabase-auth.md"]],
  ["key-set.ts", "UNKNOWN_KID_COOLDOWN_MS", "seconds", ["docs/identity-providers.md"]],
  ["token.ts", "MAX_TOKEN_BYTES", "KB", ["docs/claims.md"]],
  ["token.ts", "CLAIMS_TIMEOUT_MS", "s", ["docs/claims.md", "docs/errors.md"]],
  ["token.ts", "REUSE_SECONDS", "s", ["docs/claims.md", "docs/design.md"]],
  ["token.ts", "REUSE_LIFETIME_PART", "%", ["docs/claims.md", "docs/design.md"]],
  ["log.ts", "MAX_FOUND_CHARACTERS", "characters", ["docs/errors.md"]],
  ["http.ts", "MAX_ASKED_NAMES", "names", ["docs/errors.md"]],
  ["http.ts", "MAX_ASKED_CHARACTERS", "KB", ["docs/errors.md"]],
];

/** How many of the constant's unit are one of the page's. */
const UNITS: Readonly<Record<string, number>> = {
  KB: 1024,
  "%": 0.01,
  s: 1000,
  seconds: 1000,
  minutes: 60_000,
};

Deno.test("the pages name the limits that the code has", () => {
  for (const [file, name, unit, pages] of LIMITS) {
    const source = readFile(`${CODE}/${file}`);
    const [, product = ""] = new RegExp(`^(?:export )?const ${name} = ([\\d_.* ]+);`, "m").exec(source) ?? [];
    const value = product.split("*").reduce((all, factor) => all * Number(factor.replaceAll("_", "")), 1);
    const divisor = name.endsWith("_SECONDS") ? 1 : UNITS[unit] ?? 1;
    const shown = `${(value / divisor).toLocaleString("en-US")} ${unit}`.trim();
    for (const page of pages) {
      const text = readFile(page).replaceAll(/\s+/g, " ");
      assert(
        product !== "" && new RegExp(`\\b${shown}(?!\\w)`).test(text),
        `${page} does not say ${shown}: ${name}`,
      );
    }
  }
});

Deno.test("docs/hosts.md names the sizes of keys", async () => {
  const page = readFile("docs/hosts.md").replaceAll(/\s+/g, " ");
  const [, ec, rsa] = /an ES256 key .*? has (\d+) bytes, an RSA key ([\d.]+) KB;/.exec(page) ?? [];
  const size = async (alg: "ES256" | "RS256") => encodeSecret((await makeKeyPair(alg)).privateJwk).length;
  assertEquals(Number(ec), Math.round(await size("ES256") / 10) * 10);
  assertEquals(Number(rsa), Math.round(await size("RS256") / 100) / 10);
});
