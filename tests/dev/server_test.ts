import { assert, assertEquals } from "@std/assert";
import { startDevelopmentAuth } from "../../scripts/dev/auth.ts";
import type { ServerParts } from "../../scripts/dev/server.ts";
import { askServer, OWN_HOST } from "../support/dev_auth.ts";

const page = () => Promise.resolve(new Response("page"));

async function statusFor(host: string | undefined, overrides: Partial<ServerParts> = {}): Promise<number> {
  const headers = host === undefined ? {} : { Host: host };
  return (await askServer("/", { headers }, { page, ...overrides })).status;
}

for (
  const host of [
    "127.0.0.1:54321",
    "localhost:54321",
    "LOCALHOST:54321",
    "[::1]:54321",
    "host.docker.internal:54321",
    "10.0.2.2:54321",
  ]
) {
  Deno.test(`a request to ${host} is answered`, async () => assertEquals(await statusFor(host), 200));
}

for (
  const host of [
    "attacker.example:54321",
    "attacker.example",
    "127.0.0.1.attacker.example:54321",
    "localhost.attacker.example:54321",
    "127.0.0.1:54321@attacker.example",
    "127.0.0.1:1",
    "127.0.0.1",
    "192.168.0.2:54321",
    "",
    undefined,
  ]
) {
  Deno.test(`a request to "${host}" is refused`, async () => assertEquals(await statusFor(host), 421));
}

Deno.test("--host adds that name, --host 0.0.0.0 every address, and neither a foreign name", async () => {
  assertEquals(await statusFor("laptop.local:54321", { host: "laptop.local" }), 200);
  assertEquals(await statusFor("192.168.0.2:54321", { host: "0.0.0.0" }), 200);
  assertEquals(await statusFor("[fe80::1]:54321", { host: "::" }), 200);
  assertEquals(await statusFor("attacker.example:54321", { host: "0.0.0.0" }), 421);
});

Deno.test("a failure of the server is a 500 that a browser can read", async () => {
  const response = await askServer("/", { headers: OWN_HOST }, {
    page: () => Promise.reject(new Error("inside")),
  });
  assertEquals(response.status, 500);
  assertEquals(response.headers.get("Access-Control-Allow-Origin"), "*");
  assertEquals((await response.text()).includes("inside"), false);
});

Deno.test("other functions and other paths are a 404", async () => {
  for (const path of ["/functions/v1/other", "/functions/v1/", "/rest/v1/todos"]) {
    assertEquals([path, (await askServer(path)).status], [path, 404]);
  }
});

Deno.test("a body of more than 1 MB is refused with 413, which a browser can read, whatever length is stated", async () => {
  const auth = await startDevelopmentAuth("http://127.0.0.1:54321/auth/v1");
  for (const path of ["/functions/v1/powersync-auth", "/auth/v1/signup", "/dev/check"]) {
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(64 * 1024));
        sent++;
      },
    });
    const response = await askServer(path, { method: "POST", headers: OWN_HOST, body }, { auth });
    assertEquals([path, response.status], [path, 413]);
    assertEquals(response.headers.get("Access-Control-Allow-Origin"), "*");
    // No more is read than one part over the limit, and one that was on its way.
    assert(sent <= 18, `${sent}`);
  }
});

Deno.test("a body that is empty reaches what answers, as the page sends it to the functions", async () => {
  const functions = { fetch: async (request: Request) => Response.json(await request.text()) };
  const init = { method: "POST", headers: OWN_HOST, body: "" };
  const response = await askServer("/functions/v1/powersync-auth", init, { functions });
  assertEquals([response.status, await response.json()], [200, ""]);
});
