/** The process that runs the functions of `task dev`: what passes between it and the server, and when it ends. */
import { assertEquals, assertRejects } from "@std/assert";
import { FunctionsProcess } from "../../scripts/dev/functions-process.ts";
import { outcome } from "../support/answer.ts";
import { DevServer, inProject } from "../support/dev_server.ts";
import { readTask } from "../support/run_script.ts";
import { serve } from "../support/serving.ts";

const PATH = "/functions/v1/powersync-auth-anonymous";

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

/** Puts statements at the beginning of `anonymousClaims`. */
async function editClaims(folder: string, statements: string): Promise<void> {
  const path = `${folder}/supabase/functions/_shared/powersync/claims.ts`;
  const text = await Deno.readTextFile(path);
  await Deno.writeTextFile(
    path,
    text.replace(/function (anonymousClaims\([^]*?\{\n)/, `async function $1  ${statements}\n`),
  );
}

Deno.test("a request and its answer are passed on as they are", async () => {
  await inProcess(async (functions) => {
    await functions.loaded;
    const ask = async (init: RequestInit, body = new Uint8Array()) => {
      const response = await functions.fetch(new Request(`http://127.0.0.1${PATH}`, init), body);
      return [response?.status, await response?.text() === "", response?.headers.get("Content-Type")];
    };
    const json = "application/json";
    assertEquals(await ask({ headers: { "X-Name": "\xe9" } }), [401, false, json]);
    assertEquals(await ask({ method: "HEAD" }), [405, true, json]);
    assertEquals(await ask({ method: "OPTIONS" }), [204, true, null]);
    assertEquals(await ask({ method: "POST" }, new Uint8Array(1_000_000)), [401, false, json]);
  });
});

Deno.test("what the functions print is not taken for an answer, nor an answer for what they print", async () => {
  await inProject(async (folder) => {
    const print =
      'Deno.stdout.writeSync(new TextEncoder().encode("half a line")); console.log({ whole: "line" });';
    await editClaims(folder, `${print} ${print.split(";")[0]};`);
    await using server = await DevServer.start(folder, {});
    const headers = { apikey: "sb_publishable_development" };
    assertEquals(await outcome(await fetch(`${server.origin}${PATH}`, { headers })), "200");
    await server.line(/^half a line\{ whole: "line" \}$/);
    await server.line(/^half a line$/);
  });
});

Deno.test("no process is left when the server is killed, even while a function loops", async () => {
  await inProject(async (folder) => {
    const { script, flags } = await readTask("dev");
    const disconnected = Promise.withResolvers<void>();
    // The functions' process keeps this answer open until it ends.
    const body = () => new ReadableStream({ cancel: () => disconnected.resolve() });
    await using here = serve(() => new Response(body()));
    await editClaims(folder, `await fetch("${here.url}"); console.log("looping"); for (;;);`);
    const server = await DevServer.start(folder, { command: ["run", ...flags, script] });
    const headers = { apikey: "sb_publishable_development" };
    const asked = assertRejects(() => fetch(`${server.origin}${PATH}`, { headers }), TypeError);
    await server.line(/^looping$/);
    await server.end("SIGKILL");
    await asked;
    await disconnected.promise;
  });
});

Deno.test("that packages are downloaded is said in one line", async () => {
  const headers = { "Content-Type": "text/typescript" };
  await using here = serve(() => new Response("export {};\n", { headers }));
  await inProject(async (folder) => {
    const path = `${folder}/supabase/functions/_shared/powersync/claims.ts`;
    // Names that no cache knows.
    const imports = [1, 2].map(() => `import "${here.url}/${crypto.randomUUID()}.ts";\n`).join("");
    await Deno.writeTextFile(path, imports + await Deno.readTextFile(path));
    await using server = await DevServer.start(folder, {});
    await server.line(/^Downloading the packages of the functions …$/);
    const asked = await fetch(`${server.origin}${PATH}`, {
      headers: { apikey: "sb_publishable_development" },
    });
    assertEquals([await outcome(asked), server.output.match(/Download/g)?.length], ["200", 1]);
  });
});
