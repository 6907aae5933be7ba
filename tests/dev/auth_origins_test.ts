/** Which web pages may use the development Auth. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { createClient } from "@supabase/supabase-js";
import { startDevelopmentAuth } from "../../scripts/dev/auth.ts";
import { isOrigin } from "../../scripts/dev/origins.ts";
import { DEVELOPMENT_PUBLISHABLE_KEY } from "../../scripts/setup/platform.ts";
import { askServer } from "../support/dev_auth.ts";
import { withDevServer } from "../support/dev_server.ts";
import { captureLog } from "../support/log.ts";

const URL_HERE = "http://127.0.0.1:54321/auth/v1";

interface Sent {
  readonly origin: string;
  readonly method?: "POST" | "OPTIONS";
  readonly asked?: string;
  /** How the server was started, and under which name it is asked. */
  readonly host?: string;
  readonly name?: string;
  readonly allowedOrigins?: readonly string[];
}

/** What a page gets that signs a user up, or asks whether it may. */
async function ask(
  { origin, method = "POST", asked, host = "127.0.0.1", name = "127.0.0.1", allowedOrigins = [] }: Sent,
): Promise<Response> {
  const headers = {
    Host: `${name}:54321`,
    Origin: origin,
    apikey: DEVELOPMENT_PUBLISHABLE_KEY,
    ...(asked === undefined ? {} : { "Access-Control-Request-Headers": asked }),
  };
  const body = method === "POST" ? "{}" : null;
  const auth = await startDevelopmentAuth(URL_HERE);
  return await askServer("/auth/v1/signup", { method, headers, body }, { auth, host, allowedOrigins });
}

const ALLOWED: readonly Sent[] = [
  { origin: "http://localhost:5173" },
  { origin: "https://localhost" },
  { origin: "http://127.0.0.1:54321" },
  { origin: "http://[::1]:8080" },
  { origin: "http://app.localhost:3000" },
  { origin: "capacitor://localhost" },
  { origin: "ionic://localhost" },
  { origin: "http://laptop.local:5173", host: "laptop.local", name: "laptop.local" },
  { origin: "http://192.168.0.2:5173", host: "0.0.0.0", name: "192.168.0.2" },
  { origin: "https://app.example.com", allowedOrigins: ["https://app.example.com"] },
];

const REFUSED: readonly Sent[] = [
  { origin: "https://attacker.example" },
  { origin: "null" },
  { origin: "" },
  { origin: "http://localhost.attacker.example" },
  { origin: "http://127.0.0.1.attacker.example" },
  { origin: "https://attacker.example/?http://localhost" },
  { origin: "http://localhost@attacker.example" },
  { origin: "file://" },
  { origin: "chrome-extension://localhost" },
  { origin: "capacitor://localhost.attacker.example" },
  { origin: "http://laptop.local:5173" },
  // Another computer, not the one that serves.
  { origin: "http://203.0.113.7", host: "0.0.0.0", name: "192.168.0.2" },
  { origin: "https://app.example.com:8443", allowedOrigins: ["https://app.example.com"] },
  { origin: "http://app.example.com", allowedOrigins: ["https://app.example.com"] },
];

for (const sent of ALLOWED) {
  Deno.test(`a page of ${sent.origin} may sign up`, async () => {
    for (const method of ["OPTIONS", "POST"] as const) {
      const response = await ask({ ...sent, method, asked: "apikey, x-own" });
      assertEquals(response.status, method === "POST" ? 200 : 204);
      assertEquals(response.headers.get("Access-Control-Allow-Origin"), sent.origin);
      assertMatch(response.headers.get("Vary") ?? "", /\bOrigin\b/);
      if (method === "OPTIONS") {
        assertEquals(response.headers.get("Access-Control-Allow-Headers"), "apikey, x-own");
      }
      await response.body?.cancel();
    }
  });
}

for (const sent of REFUSED) {
  Deno.test(`a page of "${sent.origin}" may not, and nothing happens`, async () => {
    for (const method of ["OPTIONS", "POST"] as const) {
      const lines = await captureLog(async () => {
        const response = await ask({ ...sent, method });
        assertEquals(response.status, 403);
        assertEquals(response.headers.get("Access-Control-Allow-Origin"), null);
        assert(!(await response.text()).includes("access_token"));
      });
      assertMatch(lines.join("\n"), /^Refused: .*--allow-origin/);
    }
  });
}

Deno.test("an error has the headers that let the page read it", async () => {
  const auth = await startDevelopmentAuth(URL_HERE);
  const headers = { Origin: "http://localhost:5173" };
  const response = await askServer("/auth/v1/signup", { method: "POST", headers }, { auth });
  assertEquals(response.status, 401);
  assertEquals(response.headers.get("Access-Control-Allow-Origin"), "http://localhost:5173");
});

Deno.test("--allow-origin allows origins one by one, and the functions stay open to every page", async () => {
  await withDevServer(async (server) => {
    const connect = (origin: string) =>
      createClient(server.origin, DEVELOPMENT_PUBLISHABLE_KEY, {
        auth: { persistSession: false, autoRefreshToken: false },
        global: { headers: { Origin: origin } },
      });
    const signIn = async (origin: string) =>
      (await connect(origin).auth.signInAnonymously()).error?.status ?? 200;
    assertEquals(await signIn("https://a.example"), 200);
    assertEquals(await signIn("https://b.example:8443"), 200);
    assertEquals(await signIn("https://c.example"), 403);
    const { response } = await connect("https://c.example").functions.invoke("powersync-auth-anonymous");
    assertEquals(response?.headers.get("Access-Control-Allow-Origin"), "*");
  }, {
    args: ["--port", "0", "--allow-origin=https://a.example", "--allow-origin=https://b.example:8443"],
  });
});

Deno.test("an origin is what a browser writes, not a URL or a pattern", () => {
  for (const text of ["https://app.example.com", "http://[::1]:8080", "capacitor://localhost"]) {
    assertEquals([text, isOrigin(text)], [text, true]);
  }
  const others = ["*", "null", "app.example.com", "https://app.example.com/path", "https://*.example.com"];
  for (const text of others) assertEquals([text, isOrigin(text)], [text, false]);
});
