/** `task dev` shows why a function refused or failed. */
import { assertEquals, assertMatch } from "@std/assert";
import { linesOf } from "../../scripts/dev/log-lines.ts";
import { PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";
import { withDevServer } from "../support/dev_server.ts";
import { userToken } from "../support/project.ts";

Deno.test("the server shows what clients do not see", async (t) => {
  await withDevServer(async (server) => {
    await t.step("every refusal with its reason, and equal ones too", async () => {
      const token = await userToken({ iss: "https://other.example/auth/v2" });
      const headers = { Authorization: `Bearer ${token}` };
      for (let time = 0; time < 2; time++) {
        const from = server.position;
        await (await fetch(`${server.origin}/functions/v1/powersync-auth`, { headers })).body?.cancel();
        await server.line(
          /^powersync-auth USER_TOKEN_INVALID reason=issuer iss="https:\/\/other\.example\/auth\/v2" /,
          from,
        );
      }
      assertEquals(server.output.includes(token), false);
    });

    await t.step("an exception of claims.ts with its message and its stack", async () => {
      await server.editClaims("anonymousClaims", 'throw new Error("no such table");');
      const from = server.position;
      const { data } = await server.client().functions.invoke("powersync-auth-anonymous");
      assertEquals(data, null);
      await server.line(/^powersync-auth-anonymous CLAIMS_FAILED /, from);
      await server.line(/^Error: no such table$/, from);
      assertMatch(await server.line(/^ {4}at anonymousClaims/, from), /claims\.ts:\d+:\d+\)?$/);
    });
  });
});

Deno.test("text from outside cannot control the terminal", () => {
  const error = new PowerSyncAuthError("INTERNAL_ERROR", {
    cause: new Error("\x1b[2J\x9b2J"),
    why: { reason: "issuer", found: { iss: "a\n\x9b\x1b" } },
  });
  // deno-lint-ignore no-control-regex
  assertEquals(linesOf("test", error).filter((line) => /[\x00-\x1f\x7f-\x9f]/.test(line)), []);
});
