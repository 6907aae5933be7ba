/** Whether what docs/identity-providers.md gives people to paste can be pasted, and is what the doctor proposes. */
import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { entryFor, machineSign, providerOf } from "../../scripts/doctor/tokens/known-providers.ts";
import { readEnvFile } from "../../scripts/setup/env-file.ts";
import { parseIdentityProviders } from "../../supabase/functions/_shared/powersync/provider-settings.ts";
import { blocksOf } from "../support/documents.ts";
import { ACCESS_TOKENS } from "../support/provider_access_tokens.ts";
import { type Entry, entryOf, LISTS, loadClaimsExample } from "../support/provider_page.ts";
import { REFUSED_TOKENS } from "../support/provider_refusals.ts";
import { SESSION_TOKENS } from "../support/provider_session_tokens.ts";
import { inFolder } from "../support/run_script.ts";

const PROVIDER_TOKENS = { ...ACCESS_TOKENS, ...SESSION_TOKENS };
const lists = [...LISTS.values()].flat();
const entries: Entry[] = lists.flatMap((list) => JSON.parse(list));

Deno.test("each list can stand in an env file in single quotes, and all of them together are one list", async () => {
  const all = new Map(entries.map((entry) => [entry.issuer, entry]));
  assertEquals(parseIdentityProviders(JSON.stringify([...all.values()])).length, all.size);
  await inFolder(async (folder) => {
    const path = join(folder, "secrets.env");
    for (const list of lists) {
      await Deno.writeTextFile(path, `A=1\nPOWERSYNC_IDENTITY_PROVIDERS='${list.trim()}'\nB=2\n`);
      const { POWERSYNC_IDENTITY_PROVIDERS: value = "", B } = await readEnvFile(path) ?? {};
      assertEquals([JSON.parse(value), B], [JSON.parse(list), "2"]);
    }
  });
});

Deno.test("the line that sets the list is read as it stands", async () => {
  const [line] = blocksOf("docs/identity-providers.md").filter(({ language }) => language === "sh");
  await inFolder(async (folder) => {
    const path = join(folder, "secrets.env");
    await Deno.writeTextFile(path, line?.text ?? "");
    const { POWERSYNC_IDENTITY_PROVIDERS: value = "" } = await readEnvFile(path) ?? {};
    assertEquals(parseIdentityProviders(value).length, 1);
    assertEquals(JSON.parse(value), [entryOf("Auth0")]);
  });
});

Deno.test("the page's claims.ts has a line for each issuer of the page, and no other", async () => {
  const { issuers, anonymousClaims } = await loadClaimsExample();
  assertEquals([...issuers].sort(), [...new Set(entries.map(({ issuer }) => issuer))].sort());
  assertEquals(anonymousClaims(), { sub: "anonymous", role: "anon", is_anonymous: true });
});

Deno.test("for a token whose provider the doctor knows, it proposes the page's entry", () => {
  const known = Object.entries(PROVIDER_TOKENS).flatMap(([section, tokens]) =>
    Object.values(tokens).filter(({ fields }) => fields === undefined).flatMap(
      ({ at, header = {}, claims }) => {
        const entry = entryOf(section, at);
        if (providerOf(entry.issuer) === undefined) return [];
        const proposed = entryFor({ header, claims: { iss: entry.issuer, ...claims } });
        assertEquals([section, proposed], [section, { ...entry, audience: [entry.audience].flat()[0] }]);
        return [section];
      },
    )
  );
  const unknown = [...LISTS.keys()].filter((section) => !known.includes(section));
  assertEquals(unknown, ["Better Auth", "Another Supabase project", "SuperTokens", "Your own"]);
});

Deno.test("the doctor takes no person's token for a machine's, and knows machines of the page", () => {
  for (const [section, tokens] of Object.entries(PROVIDER_TOKENS)) {
    for (const [name, { claims }] of Object.entries(tokens)) {
      assertEquals([section, name, machineSign(claims)], [section, name, undefined]);
    }
  }
  for (const [section, tokens] of Object.entries(REFUSED_TOKENS)) {
    for (const [name, { claims }] of Object.entries(tokens)) {
      if (/^a (machine|service account)\b(?! that)/.test(name) && section !== "WorkOS") {
        assertEquals([section, name, machineSign(claims) !== undefined], [section, name, true]);
      }
    }
  }
});
