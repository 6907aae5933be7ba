/** Whether the connector of docs/connectors/rust does what docs/clients.md says, inside the real `powersync` crate. */
import { assert, assertEquals } from "@std/assert";
import {
  authError,
  type Fault,
  functionGone,
  hang,
  hangInBody,
  html,
  refusedBy,
  reset,
} from "./harness/faults.ts";
import { downloadError, PASSWORD, rustTest, signIn, signUp, startClient, uploaded } from "./rust/device.ts";

rustTest("follows its user, and asks for a token for each connection", async (backend, client) => {
  const { proxy, sync } = backend;
  const [ada, bob] = [await signUp(backend, "ada@example.com"), await signUp(backend, "bob@example.com")];
  await signIn(client, "ada@example.com");
  assertEquals((await sync.stream(0)).user, ada);
  await client.event("status", ({ hasSynced }) => hasSynced === true);
  assertEquals((await client.call("notes")).result, [ada]);

  // A renewal, or an event without a change.
  await client.call("renew");
  await client.call("follow");
  const first = await sync.stream(0);
  assertEquals([sync.streams.length, first.isClosed], [1, false]);
  assertEquals(proxy.requests("powersync-auth").length, 1);

  // There is no prefetch: a token's end costs a pause, and the next connection has a new token.
  first.keepAlive(20);
  first.endToken();
  assertEquals((await sync.stream(1)).user, ada);
  assertEquals(proxy.requests("powersync-auth").length, 2);

  await client.call("signOut");
  await client.call("follow");
  await sync.allClosed();

  await signIn(client, "bob@example.com");
  assertEquals((await sync.stream(2)).user, bob);
  assertEquals(proxy.requests("powersync-auth-anonymous").length, 0);
  assertEquals(sync.refusals, []);
});

rustTest("changes its user while the function does not answer", async (backend, client) => {
  const { proxy, sync } = backend;
  await signUp(backend, "ada@example.com");
  const bob = await signUp(backend, "bob@example.com");
  proxy.fail("powersync-auth", hang);
  await signIn(client, "ada@example.com");
  await proxy.asked("powersync-auth", 1);
  await client.call("signOut");
  await client.call("follow");
  await signIn(client, "bob@example.com");
  await proxy.asked("powersync-auth", 2);
  await downloadError(client, "No credentials for now: error sending request");
  proxy.recover("powersync-auth");
  assertEquals((await sync.stream(0)).user, bob);
});

rustTest(
  "a refused refresh is not signed in, never anonymous; one that failed is tried again",
  async (backend, client) => {
    const { proxy, sync } = backend;
    const ada = await signUp(backend, "ada@example.com");
    // So short that each call refreshes.
    proxy.sessionSeconds = 5;
    proxy.fail("refresh", authError(503, "unexpected_failure"));
    await signIn(client, "ada@example.com");
    await downloadError(client, "No credentials for now: HTTP status server error (503");
    proxy.recover("refresh");
    const stream = await sync.stream(0);
    assertEquals(stream.user, ada);

    proxy.fail("refresh", authError(400, "refresh_token_not_found"));
    stream.end();
    await downloadError(client, "Not signed in");
    await client.call("follow");
    await sync.allClosed();
    assertEquals(proxy.requests("powersync-auth-anonymous").length, 0);

    proxy.recover("refresh");
    proxy.sessionSeconds = undefined;
    await signIn(client, "ada@example.com");
    assertEquals((await sync.stream(1)).user, ada);
  },
);

rustTest(
  "shows each answer of the function for what it is, and connects when it is back",
  async (backend) => {
    const { proxy, sync } = backend;
    const ada = await signUp(backend, "ada@example.com");
    const faults: [Fault, ...string[]][] = [
      [refusedBy("USER_TOKEN_INVALID"), "Not signed in"],
      [refusedBy("USER_TOKEN_EXPIRED"), "Not signed in"],
      [
        refusedBy("API_KEY_INVALID"),
        "API_KEY_INVALID (401): The API key does not belong",
        "Use the publishable key",
      ],
      [refusedBy("USER_TOKEN_MISSING"), "USER_TOKEN_MISSING (401)"],
      [refusedBy("CLAIMS_REFUSED"), "CLAIMS_REFUSED (403): This caller gets no token. Ask whoever"],
      [
        () =>
          Response.json({ code: "CLAIMS_REFUSED", reason: "DEVICE_REVOKED", message: "m" }, { status: 403 }),
        "CLAIMS_REFUSED DEVICE_REVOKED (403): m",
      ],
      [refusedBy("POWERSYNC_PRIVATE_KEY_MISSING"), "POWERSYNC_PRIVATE_KEY_MISSING (500)"],
      [refusedBy("AUTH_SERVER_UNAVAILABLE"), "AUTH_SERVER_UNAVAILABLE (503)", "Try again in a moment"],
      [functionGone, "NOT_FOUND (404): Requested function was not found"],
      [html, "502 Bad Gateway, not the function's answer: <html><head><title>502"],
      [reset, "No credentials for now: error sending request"],
      [hang, "No credentials for now: error sending request", "operation timed out"],
      [hangInBody, "No credentials for now", "operation timed out"],
    ];
    const ask = async (fault: Fault, texts: readonly string[]) => {
      proxy.fail("powersync-auth", fault);
      const client = startClient(backend);
      await signIn(client, "ada@example.com");
      for (const text of texts) await downloadError(client, text);
      return client;
    };
    for (const [fault, ...texts] of faults) await (await ask(fault, texts))[Symbol.asyncDispose]();
    await using _client = await ask(functionGone, ["NOT_FOUND (404)"]);
    assertEquals(sync.streams.length, 0);
    proxy.recover("powersync-auth");
    assertEquals((await sync.stream(0)).user, ada);
    assertEquals(proxy.requests("powersync-auth-anonymous").length, 0);
  },
);

rustTest("an anonymous user who becomes permanent gets a token that says so", async ({ sync }, client) => {
  await client.call("signInAnonymously");
  await client.call("follow");
  const before = await sync.stream(0);
  assertEquals(before.claims.is_anonymous, true);
  await client.call("becomePermanent", { email: "ada@example.com", password: PASSWORD });
  await client.call("follow");
  const after = await sync.stream(1);
  assertEquals([after.user, after.claims.is_anonymous], [before.user, false]);
});

rustTest("somebody without an account syncs with the publishable key", async (backend, client) => {
  const { proxy, sync } = backend;
  await client.call("goOnWithoutAccount");
  assertEquals((await sync.stream(0)).user, "anonymous");
  assertEquals(proxy.requests("powersync-auth").length, 0);
  await using other = startClient(backend, "sb_publishable_other");
  await other.call("goOnWithoutAccount");
  await downloadError(other, "API_KEY_INVALID (401)");
});

rustTest(
  "uploads in order; what can never succeed is handed over, everything else is tried again",
  async (backend, client) => {
    const { proxy, rows } = backend;
    const ada = await signUp(backend, "ada@example.com");
    await signIn(client, "ada@example.com");
    rows.refuse = ({ id }) => ({ data: "22P02", own: "23505", others: "42501" })[id];
    const sql =
      `INSERT INTO notes (id, body) VALUES ('first', 'a'), ('data', 'b'), ('own', 'c'), ('others', 'd');
    UPDATE notes SET body = 'e' WHERE id = 'first'; INSERT INTO notes (id, body) VALUES ('last', 'f');
    DELETE FROM notes WHERE id = 'last'`;
    await uploaded(client, () => client.call("execute", { sql }));
    const codes = client.events.filter(({ event }) => event === "rejected").map(({ id, code }) => [id, code]);
    assertEquals(codes, [["data", "22P02"], ["own", "23505"], ["others", "42501"]]);
    const writes = ["first", "data", "own", "others", "first", "last", "last"];
    const methods = ["POST", "POST", "POST", "POST", "PATCH", "POST", "DELETE"];
    assertEquals(rows.writes.map(({ id }) => id), writes);
    assertEquals(rows.writes.map(({ method }) => method), methods);
    assertEquals(new Set(rows.writes.map(({ user }) => user)), new Set([ada]));
    assertEquals([...rows.tables.get("notes")?.entries() ?? []], [["first", { id: "first", body: "e" }]]);

    // Changing a row that is not there changes nothing, without an error.
    rows.tables.get("notes")?.delete("first");
    const update = "UPDATE notes SET body = 'g' WHERE id = 'first'";
    await uploaded(client, () => client.call("execute", { sql: update }));
    await client.event("rejected", ({ code }) => code === "NO_ROW");

    // An update to the same value is not sent, and one of a row that is deleted next is not reported.
    const count = rows.writes.length;
    rows.refuse = ({ method }) => method === "POST" ? "23505" : undefined;
    const gone =
      `INSERT INTO notes (id, body) VALUES ('gone', 'a'); UPDATE notes SET body = 'a' WHERE id = 'gone';
    UPDATE notes SET body = 'b' WHERE id = 'gone'; DELETE FROM notes WHERE id = 'gone'`;
    await uploaded(client, () => client.call("execute", { sql: gone }));
    assertEquals(rows.writes.slice(count).map(({ method }) => method), ["POST", "PATCH", "DELETE"]);
    assertEquals(client.events.filter(({ event }) => event === "rejected").map(({ code }) => code).slice(4), [
      "23505",
    ]);
    rows.refuse = () => undefined;

    // A reset or another server's answer after rejections discards nothing.
    proxy.fail("rows", () => new Response(null, { status: 302, headers: { Location: "/auth/v1/health" } }));
    await client.call("execute", { sql: "INSERT INTO notes (id, body) VALUES ('later', 'h')" });
    const fails = (text: string) =>
      client.event("status", ({ uploadError }) => `${uploadError ?? ""}`.includes(text));
    await fails("This is not PostgREST's answer");
    proxy.fail("rows", reset);
    await fails("error sending request");
    await uploaded(client, () => proxy.recover("rows"));
    assert(rows.tables.get("notes")?.has("later"));
  },
);

rustTest("without a session, changes wait in the queue", async (backend, client) => {
  const { rows } = backend;
  const ada = await signUp(backend, "ada@example.com");
  await signIn(client, "ada@example.com");
  await client.call("signOut");
  await client.call("execute", { sql: "INSERT INTO notes (id, body) VALUES ('mine', 'a')" });
  await client.event("status", ({ uploadError }) => `${uploadError ?? ""}`.includes("Not signed in"));
  assertEquals(rows.writes, []);
  await uploaded(client, () => signIn(client, "ada@example.com"));
  assertEquals(rows.writes.map(({ id, user }) => [id, user]), [["mine", ada]]);
});
