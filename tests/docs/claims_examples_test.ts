/** Every claims.ts that the documents show, put in place one after the other, and asked for tokens. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { decodeJwt } from "jose";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Answer, answer } from "../support/answer.ts";
import { type ClaimsExample, examplesOf, putInPlace } from "../support/claims_examples.ts";
import { blocksOf, PAGES } from "../support/documents.ts";
import { readTree, writeTree } from "../support/file_tree.ts";
import { environmentOf } from "../support/functions.ts";
import { startIssuer } from "../support/issuer.ts";
import { PUBLISHABLE_KEY, USER_ID, userToken } from "../support/project.ts";
import { inFolder } from "../support/run_script.ts";

const ROOT = new URL("../../", import.meta.url);
const EXAMPLES = PAGES.flatMap(examplesOf);

/** The examples that a test here asks for a token; tests/functions/provider_shapes_test.ts asks `people`. */
const ASKED = new Set(["people"]);

/** The functions with an example in place. */
async function withExample(
  example: ClaimsExample,
  test: (ask: (headers: Record<string, string>) => Promise<Answer>) => Promise<void>,
  providers?: unknown,
): Promise<void> {
  await inFolder(async (folder) => {
    const functions = "supabase/functions";
    const files = await readTree(fileURLToPath(new URL(functions, ROOT)));
    await writeTree(join(folder, functions), Object.fromEntries(files));
    await putInPlace(example, folder);
    const load = (name: string) => import(pathToFileURL(join(folder, functions, name, "index.ts")).href);
    const options = { environment: () => environmentOf({ providers }) };
    const signedIn = (await load("powersync-auth")).powersyncAuth(options);
    const anonymous = (await load("powersync-auth-anonymous")).powersyncAuthAnonymous(options);
    await test(async (headers) => {
      const ask = "Authorization" in headers ? signedIn : anonymous;
      return await answer(await ask(new Request("http://localhost/", { headers })));
    });
  });
}

const bearer = async (claims = {}) => ({ Authorization: `Bearer ${await userToken(claims)}` });

/** What a token says besides what the functions set; a refusal's status and message. */
function saysOf({ status, body }: Answer): unknown {
  if (status !== 200) return [status, body.message];
  const { iss: _iss, aud: _aud, iat: _iat, exp: _exp, ...claims } = decodeJwt(body.token);
  return claims;
}

function named(name: string): ClaimsExample {
  const example = EXAMPLES.find((one) => one.name === name);
  assert(example !== undefined, `no example ${name}`);
  ASKED.add(name);
  return example;
}

const SIGNED_IN = { sub: USER_ID, role: "authenticated", is_anonymous: false };
const ANONYMOUS = { sub: "anonymous", role: "anon", is_anonymous: true };
const apikey = { apikey: PUBLISHABLE_KEY };

Deno.test("organization: its members sync by it, and others are told why not", async () => {
  await withExample(named("organization"), async (ask) => {
    const org = { app_metadata: { org_id: "acme" } };
    assertEquals(saysOf(await ask(await bearer(org))), { ...SIGNED_IN, org_id: "acme" });
    for (const claims of [{}, { app_metadata: undefined }, { user_metadata: { org_id: "acme" } }]) {
      assertEquals(saysOf(await ask(await bearer(claims))), [
        403,
        "You do not belong to an organization yet.",
      ]);
    }
    assertEquals(saysOf(await ask(apikey)), ANONYMOUS);
  });
});

Deno.test("second factor: only sessions that have one get a token", async () => {
  await withExample(named("second-factor"), async (ask) => {
    assertEquals(saysOf(await ask(await bearer({ aal: "aal2" }))), SIGNED_IN);
    for (const aal of ["aal1", undefined]) {
      const { status, body } = await ask(await bearer({ aal }));
      assertEquals([status, body.code, body.reason], [403, "CLAIMS_REFUSED", "MFA_REQUIRED"]);
    }
    assertEquals(saysOf(await ask(apikey)), ANONYMOUS);
  });
});

Deno.test("UUIDs: users of another provider get one each, always the same; Supabase's keep theirs", async () => {
  await using provider = await startIssuer();
  const providers = [{ issuer: provider.issuer, audience: "app", jwks_uri: provider.jwksUri }];
  await withExample(named("provider-uuid"), async (ask) => {
    const subjectOf = async (sub: string) => {
      const token = await provider.sign({ aud: "app", sub });
      return (await ask({ Authorization: `Bearer ${token}` })).body.user_id;
    };
    const id = await subjectOf("user-1");
    assertMatch(id, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assertEquals(await subjectOf("user-1"), id);
    assert(await subjectOf("user-2") !== id);
    assertEquals(saysOf(await ask(await bearer())), SIGNED_IN);
    assertEquals(saysOf(await ask(apikey)), ANONYMOUS);
  }, providers);
});

Deno.test("own setting: it decides who syncs, and without it nobody does", async () => {
  await withExample(named("own-setting"), async (ask) => {
    const refused = [403, "Your email address may not sync."];
    assertEquals(saysOf(await ask(await bearer())), refused);
    Deno.env.set("SYNC_ALLOWED_DOMAIN", "example.com");
    try {
      assertEquals(saysOf(await ask(await bearer())), SIGNED_IN);
      for (const email of ["a@example.com.evil", "a@notexample.com", "", undefined]) {
        assertEquals(saysOf(await ask(await bearer({ email }))), refused, email);
      }
      assertEquals(saysOf(await ask(apikey)), [403, "Sign in to sync."]);
    } finally {
      Deno.env.delete("SYNC_ALLOWED_DOMAIN");
    }
  });
});

Deno.test("a file of its own: claims.ts uses it", async () => {
  await withExample(named("plans"), async (ask) => {
    for (const [plan, max_projects] of [["pro", 100], ["free", 1], [undefined, 1], ["other", 1]] as const) {
      const said = saysOf(await ask(await bearer({ app_metadata: { plan } })));
      assertEquals(said, { ...SIGNED_IN, parameters: { max_projects } }, plan);
    }
    assertEquals(saysOf(await ask(apikey)), { ...ANONYMOUS, parameters: { max_projects: 0 } });
  });
});

Deno.test("every example is complete and has a name; snippets_test.ts checks its types", () => {
  for (const page of PAGES) {
    const shown = blocksOf(page).filter(({ language, text }) =>
      language === "ts" && /\b(signedIn|anonymous)Claims\b/.test(text)
    );
    assertEquals(shown.length, examplesOf(page).length, `${page}: an example has no name`);
  }
  for (const { name, files } of EXAMPLES) {
    for (const exported of ["signedInClaims", "anonymousClaims"]) {
      const declared = new RegExp(`^export (async )?function ${exported}\\(`, "m");
      assertMatch(files.get("claims.ts") ?? "", declared, name);
    }
  }
});

Deno.test("every example was asked for a token", () => {
  assertEquals([...ASKED].sort(), EXAMPLES.map(({ name }) => name).sort());
});
