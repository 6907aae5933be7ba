/** The functions of `task dev` in this process, without a server around them. */
import { assertEquals, assertMatch } from "@std/assert";
import { decodeJwt } from "jose";
import { Functions } from "../../scripts/dev/functions.ts";
import { linesOf } from "../../scripts/dev/log-lines.ts";
import { encodeSecret, makeKeyPair } from "../../scripts/keys/key-pair.ts";
import { PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";
import { inProject } from "../support/dev_server.ts";
import { captureLog } from "../support/log.ts";
import { serve } from "../support/serving.ts";

const CLAIMS = "supabase/functions/_shared/powersync/claims.ts";
const ANONYMOUS = 'return { sub: "anonymous", role: "anon", is_anonymous: true };';

/** Functions from a copy of the project, and edits of its claims.ts. */
async function inFunctions(
  test: (running: {
    functions: Functions;
    edit: (change: (text: string) => string) => Promise<void>;
    call: (init?: RequestInit) => Promise<Response>;
  }) => Promise<void>,
  { retirementMs = 50 } = {},
): Promise<void> {
  await inProject(async (root) => {
    const { privateJwk } = await makeKeyPair("ES256");
    const environment = {
      POWERSYNC_PRIVATE_KEY: encodeSecret(privateJwk),
      POWERSYNC_URL: "https://a.example",
      SUPABASE_PUBLISHABLE_KEY: "key",
    };
    const readEnvironment = () => Promise.resolve(environment);
    const functions = new Functions({ root, readEnvironment, retirementMs, patienceMs: 50 });
    const original = await Deno.readTextFile(`${root}/${CLAIMS}`);
    const url = "http://127.0.0.1/functions/v1/powersync-auth-anonymous";
    try {
      await test({
        functions,
        edit: (change) => Deno.writeTextFile(`${root}/${CLAIMS}`, change(original)),
        call: (init = {}) => functions.fetch(new Request(url, { headers: { apikey: "key" }, ...init })),
      });
    } finally {
      functions.stop();
    }
  });
}

Deno.test("a request and its answer are passed on as they are", async () => {
  await inFunctions(async ({ functions, call }) => {
    await functions.load();
    const ask = async (init: RequestInit) => {
      const response = await call(init);
      return [response.status, await response.text() === "", response.headers.get("Content-Type")];
    };
    const json = "application/json";
    assertEquals(await ask({ headers: { "X-Name": "\xe9" } }), [401, false, json]);
    assertEquals(await ask({ method: "HEAD" }), [405, true, json]);
    assertEquals(await ask({ method: "OPTIONS" }), [204, true, null]);
    assertEquals(await ask({ method: "POST", body: new Uint8Array(1_000_000) }), [200, false, json]);
  });
});

Deno.test("functions that loop or wait for ever block neither their correction nor later changes", async () => {
  await inFunctions(async ({ functions, edit, call }) => {
    const started = Promise.withResolvers<void>();
    await using here = serve(() => (started.resolve(), new Response()));
    const tell = `await fetch("${here.url}");`;
    await edit((text) =>
      text.replace("function anonymousClaims", "async $&").replace(ANONYMOUS, `${tell} for (;;); $&`)
    );
    assertEquals(await functions.load(), true);
    const stuck = call();
    await started.promise;
    await edit((text) => text);
    assertEquals(await functions.load(), true);
    assertEquals(decodeJwt((await (await call()).json()).token).role, "anon");
    assertEquals((await (await stuck).json()).code, "WORKER_ERROR");
    await edit((text) => `${text}\nawait new Promise(() => setInterval(() => {}, 1e9));\n`);
    const waiting = functions.load();
    const { code, message } = await (await call()).json();
    assertEquals([code, message, functions.status().state], [
      "BOOT_ERROR",
      "The functions are still being loaded.",
      "loading",
    ]);
    await edit((text) => text.replace('role: "anon"', 'role: "later"'));
    // What was replaced is not reported.
    const lines = await captureLog(async () => {
      assertEquals(await functions.load(), true);
      assertEquals(await waiting, false);
    });
    assertEquals(lines, []);
    assertEquals(decodeJwt((await (await call()).json()).token).role, "later");
  });
});

Deno.test("a request that is under way is answered by the code that it came to", async () => {
  await inFunctions(async ({ functions, edit, call }) => {
    const [asked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await using here = serve(async () => {
      asked.resolve();
      await released.promise;
      return new Response();
    });
    const wait = `await (await fetch("${here.url}")).text();`;
    await edit((text) =>
      text.replace("function anonymousClaims", "async $&").replace(ANONYMOUS, `${wait} ${ANONYMOUS}`)
    );
    await functions.load();
    const early = call();
    await asked.promise;
    await edit((text) => text.replace('role: "anon"', 'role: "later"'));
    await functions.load();
    assertEquals(decodeJwt((await (await call()).json()).token).role, "later");
    released.resolve();
    assertEquals(decodeJwt((await (await early).json()).token).role, "anon");
  }, { retirementMs: 60_000 });
});

Deno.test("the status names each version, its exception, and the file and line of what cannot be loaded", async () => {
  await inFunctions(async ({ functions, edit, call }) => {
    assertEquals(functions.status(), { generation: 0, state: "loading" });
    await edit((text) => `import "zod/mini";\n${text}`);
    assertEquals(await functions.load(), false);
    const { generation, state, problem } = functions.status();
    assertEquals([generation, state, problem?.file, problem?.line], [0, "failed", CLAIMS, 1]);
    assertMatch(
      problem?.text ?? "",
      /^Import "zod\/mini" not .*\n {2}hint: Write `npm:zod\/mini` in the import$/m,
    );
    assertEquals(problem?.text.includes("deno add"), false);
    // What the hint says.
    await edit((text) => `import { decodeJwt } from "npm:jose@6.2.17";\ndecodeJwt;\n${text}`);
    assertEquals(await functions.load(), true);
    assertEquals(functions.status(), { generation: 1, state: "ready" });
    await edit((text) => text.replace(ANONYMOUS, `throw new Error("no such table"); $&`));
    await functions.load();
    assertEquals((await call()).status, 500);
    const { exception, ...rest } = functions.status();
    assertEquals([rest, exception?.name], [{ generation: 2, state: "ready" }, "powersync-auth-anonymous"]);
    assertMatch(
      exception?.text ?? "",
      /^Error: no such table\n {4}at anonymousClaims \(.*claims\.ts:\d+:\d+\)/,
    );
    await edit((text) => `throw new Error("at the top");\n${text}`);
    await functions.load();
    assertEquals(functions.status().problem?.line, 1);
    assertMatch(functions.status().problem?.text ?? "", /^Error: at the top\n/);
    await edit((text) => text);
    await functions.load();
    assertEquals(functions.status(), { generation: 3, state: "ready" });
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
