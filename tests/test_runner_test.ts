import { assert, assertEquals, assertMatch } from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { inFolder, type Ran, ROOT, run } from "./support/run_script.ts";
import { serve, type Served } from "./support/serving.ts";

/** Passes with any implementation of the two modules. */
const PROBE = `
import { assertEquals } from "@std/assert";
import { parse } from "@std/dotenv";
Deno.test("first probe", () => assertEquals(parse("A=1"), { A: "1" }));
Deno.test("second probe", () => {});
`;

interface Run {
  readonly jsrUrl: string;
  readonly flags?: readonly string[];
  readonly source?: string;
}

/** Runs `deno task test` on a file of its own, with a registry of its own. */
async function runTests(folder: string, { jsrUrl, flags = [], source = PROBE }: Run): Promise<Ran> {
  const file = join(folder, "probe_test.ts");
  await Deno.writeTextFile(file, source);
  // A cache of its own, so that nothing comes from an earlier run.
  const env = { JSR_URL: `${jsrUrl}/`, DENO_DIR: join(folder, "cache"), DENO_NO_UPDATE_CHECK: "1" };
  return await run(Deno.execPath(), ["task", "test", ...flags, file], { cwd: ROOT, env });
}

/** A small JSR registry, as far as Deno asks one (https://jsr.io/docs/api, "JSR registry API"). */
interface JsrRegistry extends Served {
  /** The paths that were asked for. */
  readonly asked: readonly string[];
}

/**
 * Serves packages of one module each on loopback.
 *
 * @param packages The module's source, by `@scope/name@version`.
 */
function startJsrRegistry(packages: Readonly<Record<string, string>>): JsrRegistry {
  const files = new Map(Object.entries(packages).flatMap(([id, source]) => packageFiles(id, source)));
  const asked: string[] = [];
  const server = serve((request) => {
    const { pathname } = new URL(request.url);
    asked.push(pathname);
    const file = files.get(pathname);
    return new Response(file ?? "Not found", { status: file === undefined ? 404 : 200 });
  });
  return { ...server, asked };
}

function packageFiles(id: string, source: string): [path: string, content: string][] {
  const [, name, version] = /^(@[^@]+)@(.+)$/.exec(id) ?? [];
  if (name === undefined || version === undefined) throw new Error(`${id} is not @scope/name@version.`);
  const checksum = `sha256-${createHash("sha256").update(source).digest("hex")}`;
  const manifest = { "/mod.ts": { size: new TextEncoder().encode(source).length, checksum } };
  return [
    [`/${name}/meta.json`, JSON.stringify({ latest: version, versions: { [version]: {} } })],
    [`/${name}/${version}_meta.json`, JSON.stringify({ exports: { ".": "./mod.ts" }, manifest })],
    [`/${name}/${version}/mod.ts`, source],
  ];
}

async function jsrVersions(): Promise<Map<string, string>> {
  const map: { imports: Record<string, string> } = JSON.parse(
    await Deno.readTextFile(`${ROOT}import_map.json`),
  );
  const versions = Object.values(map.imports).filter((target) => target.startsWith("jsr:"));
  return new Map(
    versions.map((target) => /^jsr:(@std\/\w+)@([\d.]+)$/.exec(target) ?? []).map((found) => {
      const [id, name, version] = found;
      assert(id !== undefined && name !== undefined && version !== undefined);
      return [name, version];
    }),
  );
}

Deno.test("where JSR can be reached, @std comes from it, in the import map's versions", async () => {
  await inFolder(async (folder) => {
    const versions = await jsrVersions();
    assertEquals([...versions.keys()].sort(), ["@std/assert", "@std/dotenv"]);
    const packages: Record<string, string> = {};
    for (const [name, version] of versions) {
      const adapter = `tests/support/${name.slice(1).replace("/", "_")}.ts`;
      packages[`${name}@${version}`] = await Deno.readTextFile(`${ROOT}${adapter}`);
    }
    await using registry = startJsrRegistry(packages);
    const lock = await Deno.readTextFile(`${ROOT}tests/deno.lock`);
    const { code, stdout, stderr } = await runTests(folder, { jsrUrl: registry.url });
    assertEquals(code, 0, stdout + stderr);
    assertMatch(stdout, /^ok \| 2 passed/m);
    assert(!stderr.includes("JSR cannot be reached"));
    for (const [name, version] of versions) {
      assert(registry.asked.includes(`/${name}/${version}/mod.ts`), name);
    }
    assertEquals(await Deno.readTextFile(`${ROOT}tests/deno.lock`), lock);
  });
});

Deno.test("where JSR cannot be reached, the runner says so and uses stand-ins; flags and failures are passed on", async () => {
  await inFolder(async (folder) => {
    const registry = startJsrRegistry({});
    await registry[Symbol.asyncDispose]();
    const failing = 'Deno.test("first failure", () => { throw new Error("on purpose"); });';
    const { code, stdout, stderr } = await runTests(folder, {
      jsrUrl: registry.url,
      flags: ["--filter", "first"],
      source: PROBE + failing,
    });
    assertEquals(code, 1, stdout + stderr);
    assertMatch(stdout, /^FAILED \| 1 passed \| 1 failed \| 1 filtered out/m);
    assertMatch(stderr, /^JSR cannot be reached: .+$/m);
  });
});
