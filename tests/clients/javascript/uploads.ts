/** What becomes of local changes, with the connector's `uploadData` and the real supabase-js. */
import { assertEquals } from "@std/assert";
import { hang, html, reset, status } from "../harness/faults.ts";
import { hasRow, signUp, withApp } from "./app.ts";

const FOLLOW = "app.follow(app.signedIn)";

/** Each kind of change, in one transaction: the stand-in of PowerSync keeps no row that is uploaded. */
const CHANGES = `await app.database.writeTransaction(async (transaction) => {
  await transaction.execute("INSERT INTO notes (id, body) VALUES ('old', 'o')");
  await transaction.execute("INSERT INTO notes (id, body) VALUES ('new', 'a')");
  await transaction.execute("UPDATE notes SET body = 'b' WHERE id = 'old'");
  await transaction.execute("DELETE FROM notes WHERE id = 'new'");
})`;

const INSERT = `await app.database.execute("INSERT INTO notes (id, body) VALUES ('old', 'o')")`;

Deno.test("put, patch and delete arrive in order, as the signed-in user, and leave the queue", async () => {
  await withApp(async (app, { rows }) => {
    await app.run(FOLLOW);
    const user = await app.run(signUp());
    await app.run(CHANGES);
    await app.run("await app.uploaded()");
    assertEquals(rows.writes.map(({ method, id, user }) => [method, id, user]), [
      ["POST", "old", user],
      ["POST", "new", user],
      ["PATCH", "old", user],
      ["DELETE", "new", user],
    ]);
    assertEquals([...rows.tables.get("notes") ?? []], [["old", { id: "old", body: "b" }]]);
    assertEquals(app.count("refused"), 0);
  });
});

for (const code of ["23505", "23503", "22P02", "42501"]) {
  Deno.test(`${code}: a change that can never succeed is handed to the app, and the others go on`, async () => {
    await withApp(async (app, { rows }) => {
      rows.refuse = ({ method, id }) => method === "POST" && id === "new" ? code : undefined;
      await app.run(FOLLOW);
      await app.run(signUp());
      await app.run(CHANGES);
      await app.run("await app.uploaded()");
      const { changes } = await app.event("refused");
      assertEquals(changes, [`PUT new ${code}`]);
      assertEquals(rows.writes.map(({ method }) => method), ["POST", "POST", "PATCH", "DELETE"]);
    });
  });
}

Deno.test("a change of a row that is hidden or gone is handed to the app", async () => {
  await withApp(async (app) => {
    await app.run(FOLLOW);
    const user = await app.run(signUp());
    // PowerSync has synced this row, and PostgREST does not show it.
    await app.run(hasRow(user));
    await app.run("await app.database.execute(\"UPDATE notes SET body = 'c'\")");
    assertEquals((await app.event("refused")).changes, [`PATCH ${user} NO_ROW`]);
  });
});

Deno.test("an update that changes nothing is not sent, and not taken for a refused one", async () => {
  await withApp(async (app, { rows }) => {
    await app.run(FOLLOW);
    const user = await app.run(signUp());
    await app.run(hasRow(user));
    await app.run('await app.database.execute("UPDATE notes SET body = body")');
    await app.run("await app.uploaded()");
    assertEquals([rows.writes, app.count("refused")], [[], 0]);
  });
});

Deno.test("a transaction that is tried again may find its row deleted already", async () => {
  await withApp(async (app, { rows }) => {
    await app.run(FOLLOW);
    const user = `${await app.run(signUp())}`;
    await app.run(hasRow(user));
    rows.tables.set("notes", new Map([[user, {}]]));
    // The first delete arrives, and its answer does not.
    const answer = rows.answer.bind(rows);
    rows.answer = (asked) => {
      const response = answer(asked);
      return rows.writes.length === 2 ? new Response(null, { status: 503 }) : response;
    };
    await app.run(`await app.database.writeTransaction(async (transaction) => {
      await transaction.execute("UPDATE notes SET body = 'c'");
      await transaction.execute("DELETE FROM notes");
    })`);
    await app.run("await app.uploaded()");
    assertEquals(rows.writes.map(({ method }) => method), ["PATCH", "DELETE", "PATCH", "DELETE"]);
    assertEquals(app.count("refused"), 0);
  });
});

Deno.test("an app that fails to take a refused change keeps it in the queue", async () => {
  await withApp(async (app, { rows }) => {
    rows.refuse = () => "23505";
    await app.run("app.failsToTake = true");
    await app.run(FOLLOW);
    await app.run(signUp());
    await app.run(INSERT);
    await app.shows("uploadError", "The app's own storage is full.");
    await app.run("app.failsToTake = false");
    await app.run("await app.uploaded()");
    assertEquals((await app.event("refused")).changes, ["PUT old 23505"]);
  });
});

for (
  const [name, fault] of [
    ["a 503", status(503)],
    ["a proxy's HTML", html],
    ["a reset", reset],
    // supabase-js takes these for a success.
    ["an empty 404", () => new Response(null, { status: 404 })],
    ["a 200 of somebody else", () => Response.json({})],
    ["a redirect", () => new Response(null, { status: 302, headers: { Location: "/auth/v1/health" } })],
    [
      "a table that is not exposed",
      () => Response.json({ code: "PGRST205", message: "Could not find the table" }, { status: 404 }),
    ],
    [
      "a session that ended",
      () => Response.json({ code: "42501", message: "permission denied" }, { status: 401 }),
    ],
  ] as const
) {
  Deno.test(`${name}: changes stay in the queue, and arrive once the cause is gone`, async () => {
    await withApp(async (app, { proxy, rows }) => {
      proxy.fail("rows", fault);
      await app.run(FOLLOW);
      await app.run(signUp());
      await app.run(CHANGES);
      await proxy.asked("rows", 2);
      assertEquals(await app.run("return (await app.database.getUploadQueueStats()).count"), 4);
      proxy.recover("rows");
      await app.run("await app.uploaded()");
      assertEquals(rows.writes.map(({ method }) => method), ["POST", "POST", "PATCH", "DELETE"]);
      assertEquals(app.count("refused"), 0);
    });
  });
}

Deno.test("an upload without an answer is given up and tried again", async () => {
  await withApp(async (app, { proxy, rows }) => {
    proxy.fail("rows", hang);
    await app.run(FOLLOW);
    await app.run(signUp());
    await app.run(INSERT);
    await app.shows("uploadError", "No answer within 2000 ms.");
    proxy.recover("rows");
    await app.run("await app.uploaded()");
    assertEquals(rows.writes.map(({ method }) => method), ["POST"]);
  }, { timeoutMs: 2_000 });
});

Deno.test("anonymous: what row level security refuses is handed to the app, because signing in is not awaited", async () => {
  await withApp(async (app, { rows }) => {
    rows.refuse = () => "42501";
    await app.run("await app.connect(app.anonymous)");
    await app.run(INSERT);
    await app.run("await app.uploaded()");
    assertEquals((await app.event("refused")).changes, ["PUT old 42501"]);
    assertEquals(rows.writes.map(({ user }) => user), [undefined]);
  });
});

Deno.test("nobody signed in: changes wait, and are not uploaded as anonymous", async () => {
  await withApp(async (app, { rows }) => {
    await app.run(INSERT);
    const error = await app.run(
      "return await app.signedIn.uploadData(app.database).catch(({ message }) => message)",
    );
    assertEquals(error, "Nobody is signed in: local changes wait in the upload queue.");
    assertEquals(rows.writes, []);
  });
});
