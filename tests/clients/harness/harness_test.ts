/** Whether the stand-ins of the clients' backend are like the real ones, where no scenario shows it. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Backend, withBackend } from "./backend.ts";
import { RowsStandIn } from "./rows_stand_in.ts";

const NOTE = "notes";

async function tokenOf({ proxy, publishableKey }: Backend): Promise<string> {
  const url = `${proxy.url}/functions/v1/powersync-auth-anonymous`;
  const response = await fetch(url, { headers: { apikey: publishableKey } });
  return (await response.json()).token;
}

function openStream({ sync }: Backend, token: string): Promise<Response> {
  return fetch(`${sync.url}/sync/stream`, {
    method: "POST",
    headers: { Authorization: `Token ${token}` },
    body: JSON.stringify({ buckets: [] }),
  });
}

Deno.test("the sync stand-in checks tokens as PowerSync does, and streams a user's row", async () => {
  await withBackend(async (backend) => {
    const { sync } = backend;
    const token = await tokenOf(backend);
    const response = await openStream(backend, token);
    assertEquals(response.headers.get("Content-Type"), "application/x-ndjson");
    const stream = await sync.stream(0);
    assertEquals([stream.user, stream.isClosed], ["anonymous", false]);
    stream.endToken();
    const lines = (await response.text()).trim().split("\n").map((line) => Object.keys(JSON.parse(line))[0]);
    assertEquals(lines, [
      "checkpoint",
      "data",
      "checkpoint_complete",
      "token_expires_in",
      "token_expires_in",
    ]);
    await sync.allClosed();

    const [header, payload] = token.split(".");
    for (const forged of ["", `${header}.${payload}.AAAA`]) {
      const refused = await openStream(backend, forged);
      assertEquals(refused.status, 401);
      assertStringIncludes(await refused.text(), "PSYNC_S21");
    }
    sync.refuseNext(1);
    assertEquals((await (await openStream(backend, token)).json()).error.code, "PSYNC_S2101");
    assertEquals(sync.refusals.length, 3);
    const checkpoint = await fetch(`${sync.url}/write-checkpoint2.json?client_id=c`, {
      headers: { Authorization: `Token ${token}` },
    });
    assertEquals(await checkpoint.json(), { data: { write_checkpoint: "1" } });
  });
});

Deno.test("the rows stand-in writes, counts and refuses as PostgREST does", async () => {
  const rows = new RowsStandIn();
  const asked = (method: string, query: string, body?: unknown) =>
    rows.answer({
      method,
      path: `/rest/v1/${NOTE}${query}`,
      headers: new Headers({ Prefer: "count=exact" }),
      body: new TextEncoder().encode(body === undefined ? "" : JSON.stringify(body)),
    });
  assertEquals(asked("POST", "", { id: "1", body: "a" }).status, 201);
  assertEquals(asked("PATCH", "?id=eq.1", { body: "b" }).headers.get("Content-Range"), "0-0/1");
  assertEquals(asked("PATCH", "?id=eq.2", { body: "b" }).headers.get("Content-Range"), "*/0");
  assertEquals(rows.tables.get(NOTE)?.get("1"), { id: "1", body: "b" });
  rows.refuse = () => "42501";
  const refused = asked("DELETE", "?id=eq.1");
  assertEquals([refused.status, (await refused.json()).code], [401, "42501"]);
  rows.refuse = () => "23505";
  assertEquals(asked("POST", "", { id: "1" }).status, 409);
});
