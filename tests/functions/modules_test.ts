import { assert, assertEquals } from "@std/assert";
import { corsHeaders } from "@supabase/supabase-js/cors";
import { FUNCTION_NAMES } from "../support/functions.ts";
import { CORS_HEADERS } from "../../supabase/functions/_shared/powersync/http.ts";

const FUNCTIONS = new URL("../../supabase/functions/", import.meta.url);
const SHARED = new URL("_shared/powersync/", FUNCTIONS);

/**
 * The modules in the way of a request, upper ones first: each may import only those below it, and packages. claims.ts is
 * not among them: it is there to be edited, and may import anything.
 */
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
/** They load no package, not even jose. */
const BARE = ["errors.ts", "http.ts", "settings.ts", "log.ts"];

interface Import {
  readonly from: string;
  readonly kind: "static" | "type" | "dynamic";
}

async function importsOf(file: URL): Promise<Import[]> {
  const text = await Deno.readTextFile(file);
  const found = text.matchAll(/^(?:(?:import|export)( type)?\b[^;"]*? from|import) "([^"]+)"/gm);
  const dynamic = text.matchAll(/\bimport\(\s*"([^"]+)"\s*\)/g);
  return [
    ...[...found].map(([, type, from = ""]): Import => ({ from, kind: type ? "type" : "static" })),
    ...[...dynamic].map(([, from = ""]): Import => ({ from, kind: "dynamic" })),
  ];
}

/** The modules that load when this one does. */
async function loadedBy(file: URL, found = new Set<string>()): Promise<Set<string>> {
  for (const { from, kind } of await importsOf(file)) {
    const url = new URL(from, file);
    const name = url.pathname.split("/").at(-1) ?? "";
    if (kind !== "static" || !from.startsWith(".") || found.has(name)) continue;
    await loadedBy(url, found.add(name));
  }
  return found;
}

Deno.test("the list of modules is complete", async () => {
  const names = [...Deno.readDirSync(SHARED)].map(({ name }) => name);
  const claims = await importsOf(new URL("claims.ts", SHARED));
  const theirs = ["claims.ts", ...claims.map(({ from }) => from.slice(2))];
  const ours = names.filter((name) => !theirs.includes(name) || ORDER.includes(name));
  assertEquals(ours.sort(), [...ORDER].sort());
});

for (const [index, name] of ORDER.entries()) {
  Deno.test(`${name} imports only what stands below it`, async () => {
    for (const { from, kind } of await importsOf(new URL(name, SHARED))) {
      const isWhole = ["jose", "@supabase/supabase-js"].includes(from);
      if (from.startsWith("./")) assert(ORDER.indexOf(from.slice(2)) > index, `${name} imports ${from}`);
      else if (isWhole) assert(kind !== "static", `${name} loads ${from} whole`);
      else assert(from.startsWith("jose/") && !BARE.includes(name), `${name} imports ${from}`);
    }
  });
}

for (const name of FUNCTION_NAMES) {
  Deno.test(`${name} imports shared modules only, and exports a fetch without starting a server`, async () => {
    for (const { from } of await importsOf(new URL(`${name}/index.ts`, FUNCTIONS))) {
      assert(from.startsWith("../_shared/powersync/"), from);
    }
    const module = await import(new URL(`${name}/index.ts`, FUNCTIONS).href);
    assertEquals(typeof module.default.fetch, "function");
    const readJson = async (path: string) => JSON.parse(await Deno.readTextFile(new URL(path, FUNCTIONS)));
    const { imports } = await readJson("../../import_map.json");
    // What only scripts import is no package of a function.
    const packages = Object.entries(imports)
      .filter(([, target]) => /^npm:(jose|@supabase\/supabase-js)@/.test(`${target}`));
    // Nothing points above `functions/`, which a self-hosted Supabase mounts alone.
    assertEquals(await readJson(`${name}/deno.json`), { imports: Object.fromEntries(packages) });
  });
}

Deno.test("no function loads a module for identity providers until there are any", async () => {
  for (const name of FUNCTION_NAMES) {
    const loaded = [...await loadedBy(new URL(`${name}/index.ts`, FUNCTIONS))];
    assert(loaded.includes("errors.ts"), "the walk follows imports");
    assertEquals(loaded.filter((file) => file.startsWith("provider-")), []);
  }
});

Deno.test("the import that loads them is one that the Supabase CLI finds, else it would not be deployed", async () => {
  const imports = await importsOf(new URL("caller.ts", SHARED));
  const dynamic = imports.filter(({ kind }) => kind === "dynamic").map(({ from }) => from);
  assertEquals(dynamic, ["./provider-issuer.ts"]);
});

Deno.test("only the settings' module reads the environment, or anything else of one host", async () => {
  for (const name of ORDER.filter((name) => name !== "settings.ts")) {
    assert(!/\b(Deno|process|Bun)\.|["']node:/.test(await Deno.readTextFile(new URL(name, SHARED))), name);
  }
});

Deno.test("the written-out CORS headers are those of supabase-js, and the exposed ones", () => {
  const { "Access-Control-Expose-Headers": exposed, ...headers } = CORS_HEADERS;
  assertEquals(headers, corsHeaders);
  assertEquals(exposed, "Retry-After, WWW-Authenticate");
});
