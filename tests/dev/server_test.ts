import { assertEquals } from "@std/assert";
import { answer, type ServerParts } from "../../scripts/dev/server.ts";
import { serverParts } from "../support/dev_auth.ts";

const page = () => Promise.resolve(new Response("page"));

async function statusFor(host: string | undefined, overrides: Partial<ServerParts> = {}): Promise<number> {
  const headers: Record<string, string> = host === undefined ? {} : { Host: host };
  const request = new Request("http://127.0.0.1:54321/", { headers });
  return (await answer(request, serverParts({ page, ...overrides }))).status;
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
  Deno.test(`a request to ${host === undefined ? "no host" : `"${host}"`} is refused`, async () => {
    assertEquals(await statusFor(host), 421);
  });
}

Deno.test("--host adds that name, --host 0.0.0.0 every address, and neither a foreign name", async () => {
  assertEquals(await statusFor("laptop.local:54321", { host: "laptop.local" }), 200);
  assertEquals(await statusFor("192.168.0.2:54321", { host: "0.0.0.0" }), 200);
  assertEquals(await statusFor("[fe80::1]:54321", { host: "::" }), 200);
  assertEquals(await statusFor("attacker.example:54321", { host: "0.0.0.0" }), 421);
});

Deno.test("a failure of the server is a 500 that a browser can read", async () => {
  const request = new Request("http://127.0.0.1:54321/", { headers: { Host: "127.0.0.1:54321" } });
  const response = await answer(request, serverParts({ page: () => Promise.reject(new Error("inside")) }));
  assertEquals(response.status, 500);
  assertEquals(response.headers.get("Access-Control-Allow-Origin"), "*");
  assertEquals((await response.text()).includes("inside"), false);
});

Deno.test("other functions and other paths are a 404", async () => {
  for (const path of ["/functions/v1/other", "/functions/v1/", "/rest/v1/todos"]) {
    const request = new Request(`http://127.0.0.1:54321${path}`, { headers: { Host: "127.0.0.1:54321" } });
    const response = await answer(request, serverParts());
    assertEquals(response.status, 404);
  }
});
