/** What happens to the local changes of a Kotlin app. */
import { assertEquals } from "@std/assert";
import { authError, hang, reset, status } from "../harness/faults.ts";
import type { Scenarios, Scene } from "./scenarios.ts";

const ADA = { email: "ada@example.com", password: "correct horse" };

const insert = (id: string) => `INSERT INTO notes (id, body, size) VALUES ('${id}', 'a', 5000000000)`;
const update = (id: string) => `UPDATE notes SET body = 'b' WHERE id = '${id}'`;
const remove = (id: string) => `DELETE FROM notes WHERE id = '${id}'`;

/** Signs in, and returns the user. */
async function connected({ device, sync }: Scene): Promise<string> {
  await device.call("open");
  await device.call("signUp", ADA);
  return (await sync.stream(0)).user;
}

/** Makes changes in one transaction, without waiting for the upload. */
async function write({ device }: Scene, ...statements: string[]): Promise<void> {
  await device.call("write", { statements });
}

function refused({ device }: Scene): unknown[] {
  return device.all("refused").map(({ changes }) => changes);
}

function uploaded({ rows }: Scene): string[] {
  return [...rows.tables.get("notes")?.keys() ?? []];
}

export const UPLOADING: Scenarios = {
  async "a transaction is sent in order, with the user's token and unchanged values"(scene) {
    const user = await connected(scene);
    const { device, rows } = scene;
    // The third changes nothing, and is not sent.
    const same = "UPDATE notes SET body = body WHERE id = 'n1'";
    await write(scene, insert("n1"), insert("n2"), same, update("n1"), remove("n2"));
    await device.call("uploaded");
    assertEquals(rows.writes.map(({ method, id }) => `${method} ${id}`), [
      "POST n1",
      "POST n2",
      "PATCH n1",
      "DELETE n2",
    ]);
    assertEquals([...new Set(rows.writes.map((write) => write.user))], [user]);
    assertEquals(rows.tables.get("notes")?.get("n1"), { id: "n1", body: "b", size: 5000000000 });
    assertEquals([uploaded(scene), refused(scene)], [["n1"], []]);
  },

  async "what the database will never take goes to the app, and the rest is sent"(scene) {
    const user = await connected(scene);
    const { device, rows } = scene;
    await device.event("notes", { isIt: ({ ids }) => ids === user });
    const codes: Record<string, string> = { n1: "42501", n2: "23505", n3: "22P02" };
    rows.refuse = ({ id }) => codes[id];
    await write(scene, ...["n1", "n2", "n3", "n4"].map(insert), remove("n1"));
    await device.call("uploaded");
    assertEquals(refused(scene), ["PUT n1 42501, PUT n2 23505, PUT n3 22P02, DELETE n1 42501"]);
    assertEquals(uploaded(scene), ["n4"]);
    // Row level security hides rows from changes.
    await write(scene, update(user));
    await device.call("uploaded");
    assertEquals(refused(scene).slice(1), [`PATCH ${user} NO_ROW`]);
  },

  async "every other failure is tried again without a new change, and loses nothing"(scene) {
    await connected(scene);
    const { device, proxy, rows, sync } = scene;
    // PowerSync's own connector keeps this code, and takes a reset that follows for a refusal.
    rows.refuse = () => "42501";
    await write(scene, insert("n1"));
    await device.call("uploaded");
    for (
      const [id, fail] of [
        ["n2", () => proxy.fail("rows", reset)],
        ["n3", () => proxy.fail("rows", status(503))],
        ["n4", () => rows.refuse = () => "P0001"],
        // supabase-kt takes it for a success.
        ["n5", () => proxy.fail("rows", () => Response.json({}))],
        ["n6", () => proxy.fail("rows", () => Response.json({ code: "42501" }, { status: 401 }))],
      ] as const
    ) {
      rows.refuse = () => undefined;
      fail();
      const asked = proxy.requests("rows").length;
      (await sync.stream(0)).keepAlive();
      await write(scene, insert(id));
      await proxy.asked("rows", asked + 1);
      proxy.recover("rows");
      rows.refuse = () => undefined;
      await device.call("uploaded");
    }
    assertEquals(uploaded(scene), ["n2", "n3", "n4", "n5", "n6"]);
    // A new connection would have sent them as well.
    assertEquals(sync.streams.length, 1);
    assertEquals(refused(scene), ["PUT n1 42501"]);
  },

  async "a transaction that is tried again reports no row that it deleted itself"(scene) {
    const user = await connected(scene);
    const { device, proxy, rows } = scene;
    await device.event("notes", { isIt: ({ ids }) => ids === user });
    rows.tables.set("notes", new Map([[user, { id: user }]]));
    rows.refuse = ({ id }) => id === "n1" ? "P0001" : undefined;
    await write(scene, update(user), remove(user), insert("n1"));
    await proxy.asked("rows", 3);
    rows.refuse = () => undefined;
    await device.call("uploaded");
    assertEquals(rows.writes.length, 6);
    assertEquals([uploaded(scene), refused(scene)], [["n1"], []]);
  },

  async "a refused change stays in the queue until the app has saved it"(scene) {
    await connected(scene);
    const { device, rows } = scene;
    rows.refuse = () => "23514";
    await device.call("saveRefused", { works: false });
    await write(scene, insert("n1"));
    await device.event("refused");
    assertEquals(await device.call("queue"), { length: 1 });
    await device.call("saveRefused", { works: true });
    await device.call("uploaded");
    assertEquals(refused(scene), ["PUT n1 23514", "PUT n1 23514"]);
  },

  async "an upload without an answer is given up and tried again"(scene) {
    await connected(scene);
    const { device, proxy } = scene;
    proxy.fail("rows", hang);
    await write(scene, insert("n1"));
    await proxy.asked("rows", 1);
    proxy.recover("rows");
    await device.call("uploaded");
    assertEquals([uploaded(scene), refused(scene)], [["n1"], []]);
  },

  async "anonymous: what row level security refuses is handed to the app, because nobody waits for a sign-in"(
    scene,
  ) {
    const { device, rows, sync } = scene;
    await device.call("open");
    await device.call("syncAnonymously");
    await sync.stream(0);
    rows.refuse = ({ id }) => id === "n1" ? "42501" : undefined;
    await write(scene, insert("n1"), insert("n2"));
    await device.call("uploaded");
    assertEquals([refused(scene), uploaded(scene)], [["PUT n1 42501"], ["n2"]]);
    assertEquals(rows.writes.map(({ user }) => user), [undefined, undefined]);
  },

  async "a user's changes wait while the session cannot be refreshed"(scene) {
    const user = await connected(scene);
    const { device, proxy, rows } = scene;
    // A session that cannot be refreshed now is not a right that the user lost.
    proxy.fail("refresh", authError(503, "unexpected_failure"));
    await device.call("expire", { autoRefresh: true });
    await proxy.asked("refresh", 1);
    await write(scene, insert("n2"));
    await device.event("upload", {
      isIt: ({ error }) => `${error}`.includes("SessionUnavailableException"),
    });
    proxy.recover("refresh");
    await device.call("uploaded");
    assertEquals(rows.writes.map((write) => write.user), [user]);
    assertEquals(refused(scene), []);
  },

  async "a user's changes wait while the provider has no token, and are never sent as anonymous"(scene) {
    const { device, provider, rows, sync } = scene;
    await device.call("openWithProvider");
    await device.call("provide", { user: "ada", token: await provider.token("ada") });
    await sync.stream(0);
    // The same user, without an event of the provider.
    await device.call("provide", { user: "ada", token: "" });
    await write(scene, insert("n1"));
    await device.event("upload", { isIt: ({ error }) => `${error}`.includes("NotSignedInException") });
    assertEquals([rows.writes, refused(scene)], [[], []]);
    await device.call("provide", { user: "ada", token: await provider.token("ada") });
    await device.call("uploaded");
    assertEquals(rows.writes.map(({ id, user }) => [id, user]), [["n1", "ada"]]);
  },
};
