/** The complete claims.ts of docs/claims.md that requires a second factor, as somebody pastes it. */
import { assertEquals } from "@std/assert";
import { startFunctions } from "../support/functions.ts";
import { PUBLISHABLE_KEY, userToken } from "../support/project.ts";

const SHARED = new URL("../../supabase/functions/_shared/powersync/", import.meta.url);

Deno.test("the example gives tokens to sessions with a second factor only", async () => {
  const page = await Deno.readTextFile(new URL("../../docs/claims.md", import.meta.url));
  const [, example = ""] = /<!-- mfa -->\s+```ts\n(.+?)```/s.exec(page) ?? [];
  const source = example.replaceAll(/"\.\/(\w+\.ts)"/g, (_, name) => `"${new URL(name, SHARED)}"`);
  const { signedInClaims, anonymousClaims } = await import(
    `data:application/typescript,${encodeURIComponent(source)}`
  );
  const { ask } = startFunctions({
    claims: (user) => user === undefined ? anonymousClaims() : signedInClaims(user),
  });
  const answers = [];
  for (const aal of ["aal2", "aal1", undefined]) {
    const { status, body } = await ask("powersync-auth", {
      Authorization: `Bearer ${await userToken({ aal })}`,
    });
    answers.push([status, body.code, body.reason]);
  }
  const { body } = await ask("powersync-auth-anonymous", { apikey: PUBLISHABLE_KEY });
  assertEquals(body.user_id, "anonymous");
  const refused = [403, "CLAIMS_REFUSED", "MFA_REQUIRED"];
  assertEquals(answers, [[200, undefined, undefined], refused, refused]);
});
