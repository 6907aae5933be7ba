import { assert, assertEquals } from "@std/assert";
import { corsHeaders } from "@supabase/supabase-js/cors";
import { CORS_HEADERS } from "../../supabase/functions/_shared/powersync/http.ts";

const FUNCTIONS = new URL("../../supabase/functions/", import.meta.url);
const SHARED = new URL("_shared/powersync/", FUNCTIONS);

/** The modules in the way of a request, upper ones first: each may import only those below it, and packages. */
const ORDER = [
  "caller.ts",
  "provider-issuer.ts",
  "supabase-issuer.ts",
  "verify.ts",
  "auth-server.ts",
  "key-set.ts",
  "upstream.ts",
  "api-key.ts",
  "provider-settings.ts",
  "claims.ts",
  "user.ts",
  "http.ts",
  "token.ts",
  "keys.ts",
  "jwk.ts",
  "key-arithmetic.ts",
  "log.ts",
  "settings.ts",
  "secret.ts",
  "once.ts",
  "errors.ts",
];
const PACKAGES: Record<string, readonly string[]> = {
  "errors.ts": [],
  "http.ts": [],
  "settings.ts": [],
  "log.ts": [],
};

async function importsOf(file: URL): Promise<{ from: string; type: boolean; dynamic: boolean }[]> {
  const text = await Deno.readTextFile(file);
  const found = [...text.matchAll(/^(import|export)( type)?\b[^;"]*?from "([^"]+)"/gm)]
    .map(([, , type, from = ""]) => ({ from, type: type !== undefined, dynamic: false }));
  const dynamic = [...text.matchAll(/\bimport\(\s*"([^"]+)"\s*\)/g)]
    .map(([, from = ""]) => ({ from, type: false, dynamic: true }));
  return [...found, ...dynamic];
}

Deno.test("the list of modules is complete", async () => {
  const names = [];
  for await (const { name } of Deno.readDir(SHARED)) names.push(name);
  assertEquals(names.sort(), [...ORDER].sort());
});

for (const [index, name] of ORDER.entries()) {
  Deno.test(`${name} imports only what stands below it`, async () => {
    for (const { from, type, dynamic } of await importsOf(new URL(name, SHARED))) {
      if (from.startsWith("./")) assert(ORDER.indexOf(from.slice(2)) > index, `${name} imports ${from}`);
      else if (["jose", "@supabase/supabase-js"].includes(from)) {
        assert(type || dynamic, `${name} loads ${from} whole`);
      } else {assert(
          (PACKAGES[name] ?? ["jose"]).includes(from.split("/")[0] ?? ""),
          `${name} imports ${from}`,
        );}
    }
  });
}

for (const name of ["powersync-jwks", "powersync-auth", "powersync-auth-anonymous"]) {
  Deno.test(`${name} imports shared modules only, and exports a fetch without starting a server`, async () => {
    for (const { from } of await importsOf(new URL(`${name}/index.ts`, FUNCTIONS))) {
      assert(from.startsWith("../_shared/powersync/"), from);
    }
    const module = await import(new URL(`${name}/index.ts`, FUNCTIONS).href);
    assertEquals(typeof module.default.fetch, "function");
    const { imports } = JSON.parse(
      await Deno.readTextFile(new URL("../../import_map.json", import.meta.url)),
    );
    const packages = Object.entries(imports).filter(([, target]) => `${target}`.startsWith("npm:"));
    // Nothing points above `functions/`, which a self-hosted Supabase mounts alone.
    assertEquals(JSON.parse(await Deno.readTextFile(new URL(`${name}/deno.json`, FUNCTIONS))), {
      imports: Object.fromEntries(packages),
    });
  });
}

Deno.test("the settings' module alone reads the environment", async () => {
  for (const name of ORDER.filter((name) => name !== "settings.ts")) {
    assert(!(await Deno.readTextFile(new URL(name, SHARED))).includes("Deno.env"), name);
  }
});

Deno.test("the written-out CORS headers are those of supabase-js, and the exposed ones", () => {
  const { "Access-Control-Expose-Headers": exposed, ...headers } = CORS_HEADERS;
  assertEquals(headers, corsHeaders);
  assertEquals(exposed, "Retry-After, WWW-Authenticate");
});
