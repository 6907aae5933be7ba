/** What other identity providers cost a project that has none. */
import { assertEquals } from "@std/assert";

const FUNCTIONS = new URL("../../supabase/functions/", import.meta.url);
const PROVIDER_MODULES = ["provider-issuer.ts", "provider-settings.ts"];

/** The modules that load when this one does, itself included. */
async function loadedBy(file: URL, found = new Map<string, string>()): Promise<Map<string, string>> {
  if (found.has(file.href)) return found;
  const text = await Deno.readTextFile(file);
  found.set(file.href, text);
  const imported = text.matchAll(
    /^(?:import|export)\b(?! type\b)[^;]*? from "(\.[^"]+)"|^import "(\.[^"]+)"/gm,
  );
  for (const [, from, bare] of imported) await loadedBy(new URL(from ?? bare ?? "", file), found);
  return found;
}

for (const name of ["powersync-auth", "powersync-auth-anonymous", "powersync-jwks"]) {
  Deno.test(`${name} loads no module for identity providers until there are any`, async () => {
    const loaded = await loadedBy(new URL(`${name}/index.ts`, FUNCTIONS));
    const names = [...loaded.keys()].map((href) => href.split("/").at(-1));
    assertEquals(names.includes("http.ts"), true, "the walk follows imports");
    assertEquals(names.filter((file) => PROVIDER_MODULES.includes(`${file}`)), []);
  });
}

Deno.test("the import that loads them is one that the Supabase CLI finds, else it would not be deployed", async () => {
  const caller = await Deno.readTextFile(new URL("_shared/powersync/caller.ts", FUNCTIONS));
  assertEquals(caller.match(/\bimport\("\.\/provider-issuer\.ts"\)/g)?.length, 1);
});
