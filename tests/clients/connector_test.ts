import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createClient, FunctionsFetchError, type SupabaseClient } from "@supabase/supabase-js";
import { AbstractRemote, type FetchOptions } from "npm:@powersync/shared-internals@1.3.0";
import { SupabaseConnector } from "./powersync_connector.ts";
import { type DevServer, withDevServer } from "../support/dev_server.ts";
import { serving } from "../support/serving.ts";

const upload = () => Promise.resolve();

/** The part of the real SDK that asks a connector for credentials and puts them into requests. */
class Remote extends AbstractRemote {
  constructor(connector: SupabaseConnector) {
    super(connector, { log: () => {} });
  }

  protected override fetch({ resource, request }: FetchOptions): Promise<Response> {
    return fetch(resource, request);
  }

  override loadWebSocketSupport(): never {
    throw new Error("Not needed to ask for credentials.");
  }

  request() {
    return this.buildRequest("/sync/stream");
  }
}

function connectorOf(supabase: SupabaseClient, anonymous = false): SupabaseConnector {
  return new SupabaseConnector(supabase, { anonymous, upload });
}

async function signUp(server: DevServer): Promise<SupabaseClient> {
  const supabase = server.client();
  const { error } = await supabase.auth.signUp({ email: "a@example.com", password: "correct horse" });
  assertEquals(error, null);
  return supabase;
}

/** A deployment that answers every function call in one way. */
async function withAnswer(
  answer: () => Response,
  test: (supabase: SupabaseClient) => Promise<void>,
): Promise<void> {
  await serving(answer, async (url) => {
    const auth = { persistSession: false, autoRefreshToken: false };
    await test(createClient(url, "sb_publishable_test", { auth }));
  });
}

/** Makes every timer end at once, and returns how long each would have waited, in milliseconds. */
async function withoutWaiting(run: () => Promise<unknown>): Promise<number[]> {
  const { setTimeout } = globalThis;
  const waited: number[] = [];
  globalThis.setTimeout = Object.assign((ended: () => void, milliseconds = 0) => {
    waited.push(milliseconds);
    return setTimeout(ended, 0);
  }, setTimeout);
  try {
    await run();
  } finally {
    globalThis.setTimeout = setTimeout;
  }
  return waited;
}

Deno.test("the connector gives the real SDK credentials for a signed-in and for an anonymous user", async () => {
  await withDevServer(async (server) => {
    const anonymous = server.client();
    assertEquals(await connectorOf(anonymous).fetchCredentials(), null);
    await assertRejects(() => new Remote(connectorOf(anonymous)).request());

    const credentials = await connectorOf(anonymous, true).fetchCredentials();
    assertEquals(credentials?.endpoint, "http://localhost:8080");
    assert((credentials?.expiresAt?.getTime() ?? 0) > Date.now());

    const supabase = await signUp(server);
    const remote = new Remote(connectorOf(supabase, true));
    const request = await remote.request();
    assertEquals(request.url, "http://localhost:8080/sync/stream");
    const { data: { session } } = await supabase.auth.getSession();
    const token = `${
      Object.values(request.headers).find((value) => /^(Token|Bearer) /.test(value))
    }`.split(" ")[1];
    const claims = JSON.parse(atob((token?.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")));
    assertEquals([claims.sub, claims.is_anonymous], [session?.user.id, false]);

    await supabase.auth.signOut();
    remote.invalidateCredentials();
    assertEquals((await remote.getCredentials())?.endpoint, "http://localhost:8080", "anonymous again");
  });
});

Deno.test("401 is not signed in; 403, 500 and 503 are errors with code and hint; no connection is an error", async () => {
  const error = { code: "CODE", message: "What happened.", hint: "What to do." };
  await withAnswer(() => Response.json(error, { status: 401 }), async (supabase) => {
    assertEquals(await connectorOf(supabase, true).fetchCredentials(), null);
  });
  for (const status of [403, 500, 503]) {
    await withAnswer(() => Response.json(error, { status }), async (supabase) => {
      const fetchCredentials = () => connectorOf(supabase, true).fetchCredentials();
      await assertRejects(fetchCredentials, Error, "CODE: What happened. What to do.");
    });
  }
  await withAnswer(() => new Response("<html>", { status: 502 }), async (supabase) => {
    await assertRejects(() => connectorOf(supabase, true).fetchCredentials(), Error, "502: ");
  });
  const nowhere = createClient("http://127.0.0.1:9", "sb_publishable_test", {
    auth: { persistSession: false },
  });
  await assertRejects(() => connectorOf(nowhere, true).fetchCredentials());
  await nowhere.auth.stopAutoRefresh();
});

Deno.test("a signed-in user whose session cannot be renewed does not become anonymous", async () => {
  const answer = { token: "t", endpoint: "http://localhost:8080", expires_at: new Date().toISOString() };
  const past = Math.floor(Date.now() / 1000) - 60;
  const session = { access_token: "a", refresh_token: "r", expires_at: past, user: { id: "u" } };
  const storage = { getItem: () => JSON.stringify(session), setItem: () => {}, removeItem: () => {} };
  const respond = ({ url }: Request) =>
    url.includes("/auth/v1/") ? Response.json({ message: "down" }, { status: 500 }) : Response.json(answer);
  await serving(respond, async (url) => {
    const supabase = createClient(url, "sb_publishable_test", { auth: { storage, autoRefreshToken: false } });
    const fetchCredentials = () => connectorOf(supabase, true).fetchCredentials();
    // supabase-js itself tries for half a minute before it gives up.
    await withoutWaiting(() => assertRejects(fetchCredentials, Error, "down"));
  });
});

Deno.test("a function that does not answer is given up after a time", async () => {
  const supabase = createClient("http://127.0.0.1:9", "sb_publishable_test", {
    auth: { persistSession: false, autoRefreshToken: false },
    global: {
      fetch: (_input, init) =>
        new Promise((_resolve, reject) =>
          init?.signal?.addEventListener("abort", () => reject(new Error("aborted")))
        ),
    },
  });
  const fetchCredentials = () => connectorOf(supabase, true).fetchCredentials();
  const waited = await withoutWaiting(() => assertRejects(fetchCredentials, FunctionsFetchError));
  assertEquals(waited, [15_000]);
});

Deno.test("the real SDK refuses an endpoint with a trailing slash, which the functions never answer", async () => {
  const answer = { token: "t", endpoint: "http://localhost:8080/", expires_at: new Date().toISOString() };
  await withAnswer(() => Response.json(answer), async (supabase) => {
    const remote = new Remote(connectorOf(supabase, true));
    await assertRejects(() => remote.getCredentials(), Error, "trailing");
  });
});

Deno.test("the connector in docs/clients.md is the tested one, and the README shows a part of it", async () => {
  const source = await Deno.readTextFile(new URL("./powersync_connector.ts", import.meta.url));
  const page = await Deno.readTextFile(new URL("../../docs/clients.md", import.meta.url));
  const [, block] = /<!-- connector -->\s*```ts\n([\s\S]*?)```/.exec(page) ?? [];
  assertEquals(block, source.replace("npm:@powersync/common@2.3.0", "@powersync/common"));
  const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  const [, part = ""] = /<!-- fetch-credentials -->\s*```ts\n([\s\S]+?)```/.exec(readme) ?? [];
  assertStringIncludes(source, part.replace(/^/gm, "  ").trim());
  assertStringIncludes(part, "fetchCredentials");
});
