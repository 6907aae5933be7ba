/** The process that runs the functions of `task dev`: who may ask it, and when it ends. */
import { assertEquals, assertRejects } from "@std/assert";
import { FunctionsProcess } from "../../scripts/dev/functions-process.ts";
import { outcome } from "../support/answer.ts";
import { DevServer, inProject } from "../support/dev_server.ts";
import { readTask } from "../support/run_script.ts";

const CLAIMS = "supabase/functions/_shared/powersync/claims.ts";
const URL_PATH = "/functions/v1/powersync-auth-anonymous";

/** Functions that know their API key and no other secret. */
async function inProcess(test: (functions: FunctionsProcess) => Promise<void>): Promise<void> {
  await inProject(async (root) => {
    const ended = Promise.withResolvers<string>();
    const start = { folder: `${root}/supabase/functions`, environment: { SUPABASE_PUBLISHABLE_KEY: "key" } };
    const functions = new FunctionsProcess(start, { onException: () => {}, onEnd: ended.resolve });
    try {
      await test(functions);
    } finally {
      functions.end();
    }
  });
}

Deno.test("only the development server can ask the functions: a page that guesses their port cannot", async () => {
  await inProcess(async (functions) => {
    const port = await functions.loaded;
    const url = `http://127.0.0.1:${port}${URL_PATH}`;
    for (
      const headers of [{}, { "x-development-secret": "" }, { "x-development-secret": crypto.randomUUID() }]
    ) {
      const response = await fetch(url, { headers });
      assertEquals([response.status, await response.text()], [403, ""]);
      assertEquals(response.headers.get("Access-Control-Allow-Origin"), null);
    }
    assertEquals(
      await outcome(await functions.fetch(new Request(url), new Uint8Array())),
      "401 API_KEY_MISSING",
    );
  });
});

Deno.test("what belongs to one connection is not passed on, and answers without a body have none", async () => {
  await inProcess(async (functions) => {
    const ask = async (init: RequestInit, body = new Uint8Array()) => {
      const response = await functions.fetch(new Request(`http://127.0.0.1${URL_PATH}`, init), body);
      return [response.status, (await response.text()) === "", response.headers.get("Connection")];
    };
    const headers = {
      "Transfer-Encoding": "chunked",
      "Content-Length": "7",
      "Keep-Alive": "1",
      "X-Name": "\xe9",
    };
    assertEquals(await ask({ headers }), [401, false, null]);
    assertEquals(await ask({ method: "HEAD" }), [405, true, null]);
    assertEquals(await ask({ method: "OPTIONS" }), [204, true, null]);
    assertEquals(await ask({ method: "POST" }, new Uint8Array(1_000_000)), [401, false, null]);
  });
});

Deno.test("no process is left when the server is killed, even while a function loops", async () => {
  await inProject(async (folder) => {
    const { script, flags } = await readTask("dev");
    const path = `${folder}/${CLAIMS}`;
    const claims = await Deno.readTextFile(path);
    const loop = 'console.log("looping"); for (;;);';
    await Deno.writeTextFile(path, claims.replace(/(anonymousClaims\([^]*?\{\n)/, `$1  ${loop}\n`));
    const server = await DevServer.start(folder, { command: ["run", ...flags, script] });
    const headers = { apikey: "sb_publishable_development" };
    const asked = assertRejects(() => fetch(`${server.origin}${URL_PATH}`, { headers }), TypeError);
    await server.line(/^looping$/);
    await server.end("SIGKILL");
    await asked;
  });
});
