import { assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import type { Page } from "npm:playwright-core@1.65.1";
import { complaintsOf, withBrowser } from "../support/browser.ts";
import { type DevServer, withDevServer } from "../support/dev_server.ts";
import { serve } from "../support/serving.ts";

const TOKEN = /"token":"[\w-]+\.[\w-]+\.[\w-]+"/;

/** The build of supabase-js that a script element loads. */
async function supabaseScript(): Promise<string> {
  const main = fileURLToPath(import.meta.resolve("@supabase/supabase-js"));
  return await Deno.readTextFile(main.replace(/dist\/.*$/, "dist/umd/supabase.js"));
}

/** An app of another origin: an empty page with supabase-js. */
async function withApp(test: (page: Page, server: DevServer) => Promise<void>): Promise<void> {
  const script = await supabaseScript();
  await using app = serve(({ url }) => {
    const isScript = new URL(url).pathname === "/supabase.js";
    return new Response(isScript ? script : "<!doctype html><script src=/supabase.js></script>", {
      headers: { "Content-Type": isScript ? "text/javascript" : "text/html" },
    });
  });
  await withDevServer((server) =>
    withBrowser(async (browser) => {
      const page = await browser.newPage();
      await page.goto(`${app.url}/`);
      await page.evaluate(`globalThis.client = supabase.createClient("${server.origin}",
        "sb_publishable_development", { auth: { persistSession: false } })`);
      await test(page, server);
    })
  );
}

/** Calls a function with supabase-js, and returns what the app's script can read. */
function invoke(page: Page, name: string, options: string): Promise<unknown> {
  return page.evaluate(`(async () => {
    const { data, error } = await client.functions.invoke(${JSON.stringify(name)}, ${options});
    if (error === null) return { data };
    const { context } = error;
    return { status: context.status, retry: context.headers.get("WWW-Authenticate"), body: await context.json() };
  })()`);
}

Deno.test("an app of another origin calls all functions with supabase-js, by real preflights, and reads errors", async () => {
  await withApp(async (page, server) => {
    const assertAnswer = async (name: string, options: string, expected: RegExp) =>
      assertMatch(JSON.stringify(await invoke(page, name, options)), expected);
    const complaints = complaintsOf(page);
    await assertAnswer("powersync-jwks", '{ method: "GET" }', /^\{"data":\{"keys":\[\{/);
    await assertAnswer("powersync-auth-anonymous", '{ method: "GET" }', TOKEN);
    await assertAnswer("powersync-auth-anonymous", '{ method: "POST" }', TOKEN);
    await page.evaluate('client.auth.signUp({ email: "a@example.com", password: "correct horse" })');
    await assertAnswer("powersync-auth", "{}", TOKEN);
    assertEquals(complaints, []);
    // The server prints each request, so that the browser's own preflight shows; later ones are kept by the browser.
    for (const name of ["powersync-jwks", "powersync-auth", "powersync-auth-anonymous"]) {
      await server.line(new RegExp(`^204 OPTIONS /functions/v1/${name} `));
    }

    await page.evaluate("client.auth.signOut()");
    const missing =
      /^\{"status":401,"retry":"Bearer","body":\{"code":"USER_TOKEN_MISSING","message":"[^"]+","hint":"[^"]+"\}\}$/;
    await assertAnswer("powersync-auth", "{}", missing);
    const notAllowed = /^\{"status":405,.*"code":"METHOD_NOT_ALLOWED"/;
    await assertAnswer("powersync-auth-anonymous", '{ method: "PUT" }', notAllowed);
    await server.editClaims("anonymousClaims", 'throw new Error("broken");');
    await assertAnswer("powersync-auth-anonymous", "{}", /^\{"status":500,.*"code":"CLAIMS_FAILED"/);
  });
});

Deno.test("a page of another origin, also of this computer, cannot read what the development page reads", async () => {
  await withApp(async (page, server) => {
    const state = await fetch(`${server.origin}/dev/state.json`);
    assertEquals([state.status, (await state.json()).functions.state], [200, "ready"]);
    assertEquals(
      await page.evaluate(`Promise.all(["/dev/state.json", "/dev/page.js"].map((path) =>
        fetch("${server.origin}" + path).then(() => "read", (error) => error.name)))`),
      ["TypeError", "TypeError"],
    );
    assertEquals(
      await page.evaluate(`new Promise((resolve) => {
        const events = new EventSource("${server.origin}/dev/events");
        events.onmessage = () => resolve("read");
        events.onerror = () => resolve("refused");
      })`),
      "refused",
    );
    // Another name for this computer, as DNS rebinding gives it.
    const { port } = new URL(server.origin);
    for (const path of ["/", "/dev/state.json", "/dev/events"]) {
      const answered = await page.goto(`http://attacker.localhost:${port}${path}`);
      assertEquals([path, answered?.status()], [path, 421]);
    }
  });
});
