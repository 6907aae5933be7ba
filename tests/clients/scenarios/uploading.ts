/** What happens to the local changes of an app. */
import { assertEquals } from "@std/assert";
import { authError, type Fault, hang, html, reset, status } from "../harness/faults.ts";
import { expire, type Scenarios, type Scene, syncAsAda } from "../harness/scenario.ts";

const insert = (id: string) => `INSERT INTO notes (id, body, size) VALUES ('${id}', 'a', 5000000000)`;
const update = (id: string) => `UPDATE notes SET body = 'b' WHERE id = '${id}'`;
const remove = (id: string) => `DELETE FROM notes WHERE id = '${id}'`;

/** Makes changes in one transaction, without waiting for the upload. */
async function write({ device }: Scene, ...statements: string[]): Promise<void> {
  await device.call("write", { statements });
}

/** The IDs of the rows that arrived. */
function uploaded({ rows }: Scene): string[] {
  return [...rows.tables.get("notes")?.keys() ?? []];
}

const answer = (status: number, body: unknown = null): Fault => () => Response.json(body, { status });

/** What is tried again. */
const FAILURES: readonly Fault[] = [
  reset,
  hang,
  html,
  status(503),
  // Of a trigger, of a table that is not exposed, and of a session that has ended.
  answer(400, { code: "P0001", message: "Not now" }),
  answer(404, { code: "PGRST205", message: "Could not find the table" }),
  answer(401, { code: "42501", message: "permission denied" }),
  // Of somebody else. Supabase's libraries take them for a success.
  answer(200, {}),
  () => new Response(null, { status: 404 }),
  () => new Response(null, { status: 302, headers: { Location: "/auth/v1/health" } }),
];

export const UPLOADING: Scenarios = {
  async "a transaction is sent in order, with the user's token and unchanged values"(scene) {
    const user = await syncAsAda(scene);
    const { device, rows } = scene;
    // The third changes nothing, and is not sent.
    const same = "UPDATE notes SET body = body WHERE id = 'n1'";
    await write(scene, insert("n1"), insert("n2"), same, update("n1"), remove("n2"));
    await device.call("uploaded");
    assertEquals(
      rows.writes.map(({ method, id, user }) => [method, id, user]),
      [["POST", "n1", user], ["POST", "n2", user], ["PATCH", "n1", user], ["DELETE", "n2", user]],
    );
    assertEquals(rows.tables.get("notes")?.get("n1"), { id: "n1", body: "b", size: 5000000000 });
    assertEquals([uploaded(scene), device.refused], [["n1"], []]);
  },

  async "what the database will never take goes to the app, and the rest is sent"(scene) {
    const user = await syncAsAda(scene);
    const { device, rows } = scene;
    await device.hasRowOf(user);
    const codes: Record<string, string> = { n1: "42501", n2: "23505", n3: "22P02", n4: "23503" };
    rows.refuse = ({ id }) => codes[id];
    await write(scene, ...["n1", "n2", "n3", "n4", "n5"].map(insert), remove("n1"));
    await device.call("uploaded");
    assertEquals(device.refused, [
      "PUT n1 42501, PUT n2 23505, PUT n3 22P02, PUT n4 23503, DELETE n1 42501",
    ]);
    assertEquals(uploaded(scene), ["n5"]);
    // Row level security hides rows from changes.
    await write(scene, update(user));
    await device.call("uploaded");
    assertEquals(device.refused.slice(1), [`PATCH ${user} NO_ROW`]);
  },

  async "every other failure is tried again without a new change, and loses nothing"(scene) {
    await syncAsAda(scene);
    const { device, proxy, rows, sync } = scene;
    // PowerSync's own connector for Kotlin keeps this code, and takes a reset that follows for a refusal.
    rows.refuse = ({ id }) => id === "n0" ? "42501" : undefined;
    await write(scene, insert("n0"));
    await device.call("uploaded");
    for (const [index, fault] of FAILURES.entries()) {
      const asked = proxy.requests("rows").length;
      proxy.fail("rows", fault);
      (await sync.stream(0)).keepAlive();
      // One change: what is taken for a success leaves the queue, and is not sent again.
      if (index === 0) await write(scene, insert("n1"));
      await proxy.asked("rows", asked + 1);
    }
    assertEquals(await device.call("queue"), 1);
    proxy.recover("rows");
    await device.call("uploaded");
    assertEquals(rows.writes.map(({ id }) => id), ["n0", "n1"]);
    // A new connection would have sent them as well.
    assertEquals(sync.streams.length, 1);
    assertEquals(device.refused, ["PUT n0 42501"]);
  },

  async "a transaction that is tried again reports no row that it deleted itself"(scene) {
    const user = await syncAsAda(scene);
    const { device, proxy, rows } = scene;
    await device.hasRowOf(user);
    rows.tables.set("notes", new Map([[user, { id: user }]]));
    rows.refuse = ({ id }) => id === "n1" ? "P0001" : undefined;
    await write(scene, update(user), remove(user), insert("n1"));
    await proxy.asked("rows", 3);
    rows.refuse = () => undefined;
    await device.call("uploaded");
    assertEquals(rows.writes.length, 6);
    assertEquals([uploaded(scene), device.refused], [["n1"], []]);
  },

  async "a refused change stays in the queue until the app has saved it"(scene) {
    await syncAsAda(scene);
    const { device, rows } = scene;
    rows.refuse = () => "23514";
    await device.call("saveRefused", { works: false });
    await write(scene, insert("n1"));
    await device.shows("uploadError", "The disk is full");
    assertEquals(await device.call("queue"), 1);
    await device.call("saveRefused", { works: true });
    await device.call("uploaded");
    assertEquals([...new Set(device.refused)], ["PUT n1 23514"]);
  },

  async "anonymous: what row level security refuses goes to the app, because nobody waits for a sign-in"(
    scene,
  ) {
    const { device, rows, sync } = scene;
    await device.call("open");
    await device.call("syncAnonymously");
    await sync.stream(0);
    rows.refuse = ({ id }) => id === "n1" ? "42501" : undefined;
    await write(scene, insert("n1"), insert("n2"));
    await device.call("uploaded");
    assertEquals([device.refused, uploaded(scene)], [["PUT n1 42501"], ["n2"]]);
    assertEquals(rows.writes.map(({ user }) => user), [undefined, undefined]);
  },

  async "a user's changes wait while the session cannot be refreshed"(scene) {
    const user = await syncAsAda(scene);
    const { device, proxy, rows, sdk } = scene;
    const [, text = ""] = sdk.failedRefreshes[0] ?? [];
    // A session that cannot be refreshed now is not a right that the user lost.
    await expire(scene, authError(503, "unexpected_failure"));
    await write(scene, insert("n1"));
    await device.shows("uploadError", text);
    assertEquals(rows.writes, []);
    proxy.recover("refresh");
    await device.call("uploaded");
    assertEquals(rows.writes.map(({ id, user }) => [id, user]), [["n1", user]]);
    assertEquals(device.refused, []);
  },

  async "a user's changes wait while nobody has a token, and are never sent as anonymous"(scene) {
    const { device, provider, rows, sync, sdk } = scene;
    await device.call("openWithProvider");
    await device.call("provide", { user: "ada", token: await provider.token("ada") });
    await sync.stream(0);
    // The same user, without an event of the provider.
    await device.call("provide", { user: "ada", token: "" });
    await write(scene, insert("n1"));
    await device.shows("uploadError", sdk.texts.uploadsWait);
    assertEquals([rows.writes, device.refused], [[], []]);
    await device.call("provide", { user: "ada", token: await provider.token("ada") });
    await device.call("uploaded");
    assertEquals(rows.writes.map(({ id, user }) => [id, user]), [["n1", "ada"]]);
  },
};
