/** Every answer that the documents show, marked `<!-- answer: NAME -->`, compared with what is really answered. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { decodeJwt } from "jose";
import { Functions } from "../../scripts/dev/functions.ts";
import { refusal } from "../../supabase/functions/_shared/powersync/errors.ts";
import type { VerifiedUser } from "../../supabase/functions/_shared/powersync/user.ts";
import { withDeployment } from "../support/deployment.ts";
import { inProject } from "../support/dev_server.ts";
import { blocksOf, commandsIn, PAGES } from "../support/documents.ts";
import { startFunctions, type StartOptions } from "../support/functions.ts";
import { captureLog } from "../support/log.ts";
import { CLAIMS_FOLDER } from "../support/own_claims.ts";
import { userToken } from "../support/project.ts";

const MARKER = "answer: ";

type Shown = Readonly<Record<string, unknown>>;

/** What a signed-in user gets; `endSeconds` is when the token expires. */
async function ask(endSeconds: number, options: StartOptions = {}): Promise<Record<string, unknown>> {
  const functions = startFunctions(options);
  functions.clock.ms = (endSeconds - 300) * 1000;
  const times = { iat: endSeconds - 400, exp: endSeconds + 3000 };
  const { body } = await functions.ask("powersync-auth", {
    Authorization: `Bearer ${await userToken(times)}`,
  });
  return body;
}

/** What is really answered, by the name in the marker. */
const ANSWERS: Readonly<Record<string, (shown: string) => Promise<unknown>>> = {
  token: async (shown) => await ask(Date.parse(JSON.parse(shown).expires_at) / 1000),
  session: async (shown) => {
    const claims = decodeJwt(await userToken({ app_metadata: { org_id: "acme" } }));
    return Object.fromEntries(Object.keys(JSON.parse(shown)).map((name) => [name, claims[name]]));
  },
  claims: async (shown) => {
    // As the README's claims.ts returns them, which claims_examples_test.ts runs.
    const claims = (user?: VerifiedUser) => ({
      sub: user?.id,
      role: user?.role,
      is_anonymous: user?.isAnonymous,
      org_id: "acme",
    });
    const { token } = await ask(JSON.parse(shown).exp, { claims });
    return decodeJwt(`${token}`);
  },
  refusal: async (shown) => {
    const { message, ...details } = JSON.parse(shown);
    return await ask(Date.now() / 1000 + 300, {
      claims: () => {
        throw refusal(message, details);
      },
    });
  },
  log: async () => {
    const functions = startFunctions({
      environment: { POWERSYNC_USER_ISSUER: "", SB_EXECUTION_ID: "isolate-1" },
    });
    const token = await userToken({ iss: "https://auth.example.com" });
    for (let sent = 0; sent < 60; sent++) await functions.code(token);
    functions.clock.ms += 60_000;
    await functions.code(token);
    return functions.log.at(-1);
  },
  "boot error": async () => {
    let body: unknown;
    await captureLog(() =>
      inProject(async (root) => {
        // The semicolon is in line 12, column 16.
        await Deno.writeTextFile(
          `${root}/${CLAIMS_FOLDER}/claims.ts`,
          `${"\n".repeat(11)}const claims = ;\n`,
        );
        const functions = new Functions({ root, readEnvironment: () => Promise.resolve({}) });
        try {
          await functions.load();
          const request = new Request("http://127.0.0.1/functions/v1/powersync-auth");
          body = await (await functions.fetch(request)).json();
        } finally {
          await functions.stop();
        }
      })
    );
    return body;
  },
};

/** `<…>` and `…` in what is shown stand for any text. */
function assertShows(real: unknown, shown: unknown, what: string): void {
  if (typeof shown !== "string") return assertEquals(real, shown, what);
  const literal = shown.split(/<[^>]+>|…/).map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  assertMatch(`${real}`, new RegExp(`^${literal.join(".+")}$`), what);
}

for (const { marker = "", text, place } of PAGES.flatMap(blocksOf)) {
  if (!marker.startsWith(MARKER)) continue;
  Deno.test(`${place} shows what is answered`, async () => {
    const real = await ANSWERS[marker.slice(MARKER.length)]?.(text);
    if (typeof real === "string") return assertShows(real, text.trimEnd(), place);
    assert(typeof real === "object" && real !== null, marker);
    const shown: Shown = JSON.parse(text);
    assertEquals(Object.keys(real), Object.keys(shown));
    for (const [name, value] of Object.entries(real)) assertShows(value, shown[name], `${place}: ${name}`);
  });
}

Deno.test("every curl line of the documents gets the answer that docs/errors.md shows", async () => {
  const lines = PAGES.flatMap(commandsIn).filter(({ text }) => text.startsWith("curl "));
  assertEquals(lines.length, 1);
  for (const { text } of lines) {
    const shown = blocksOf("docs/errors.md").find(({ marker }) => marker === `${MARKER}token`);
    await withDeployment(async ({ url, userToken }) => {
      const [, header = "", address = ""] = /^curl -s -H "(.+?)" (.+)$/.exec(text) ?? [];
      const [name = "", value = ""] = header.replace("$ACCESS_TOKEN", userToken).split(": ");
      const answer = await fetch(address.replace(/^https:\/\/<[^>]+>\.supabase\.co/, url), {
        headers: { [name]: value },
      });
      assertEquals(Object.keys(await answer.json()), Object.keys(JSON.parse(shown?.text ?? "")));
    });
  }
});
