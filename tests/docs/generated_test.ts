/** The generated parts of the documents: that they are current, and how `deno task docs` writes and checks them. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { main, PAGES } from "../../scripts/docs.ts";
import { table } from "../../scripts/docs/parts.ts";
import { CODES } from "../../supabase/functions/_shared/powersync/verify.ts";
import { assertRefused, callCommand } from "../support/call_command.ts";
import { inFolder } from "../support/run_script.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Copies the pages to a folder, changes one, and runs the command there. */
async function withPage(
  path: string,
  change: (page: string) => string,
  run: (docs: (...args: string[]) => ReturnType<typeof callCommand>, file: string) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    for (const page of Object.keys(PAGES)) {
      await Deno.mkdir(join(folder, page, ".."), { recursive: true });
      await Deno.copyFile(join(ROOT, page), join(folder, page));
    }
    const file = join(folder, path);
    await Deno.writeTextFile(file, change(await Deno.readTextFile(file)));
    await run((...args) => callCommand((args) => main(args, folder), args), file);
  });
}

Deno.test("the generated parts of the documents are current: `deno task docs` writes them", async () => {
  const { code, stderr } = await callCommand(main, ["--check"]);
  assertEquals(code, 0, stderr);
});

for (
  const [path, line] of Object.entries({
    "docs/settings.md": /^\| `POWERSYNC_TOKEN_TTL`.*\n/m,
    "docs/errors.md": /^\| `KEY_TOO_WEAK`.*\n/m,
    "docs/troubleshooting.md": /^\| `PSYNC_S2105`.*\n/m,
    "supabase/functions/.env.example": /^#POWERSYNC_TOKEN_TTL=300\n/m,
  })
) {
  Deno.test(`${path}: --check names it when a line is missing, and the command writes that line alone`, async () => {
    const written = await Deno.readTextFile(join(ROOT, path));
    assertMatch(written, line);
    const byHand = (page: string) => `By hand.\n${page}By hand.\n`;
    await withPage(path, (page) => byHand(page.replace(line, "")), async (docs, file) => {
      const before = await Deno.readTextFile(file);
      const refused = await docs("--check");
      assertRefused(refused, /^Not current: .*task docs$/m);
      assertEquals(refused.stderr.match(/[\w./]+\.(md|example)/g), [path]);
      assertEquals(await Deno.readTextFile(file), before);

      assertEquals((await docs()).stdout, `Written: ${path}.\n`);
      assertEquals(await Deno.readTextFile(file), byHand(written));
      assertEquals((await docs("--check")).code, 0);
    });
  });
}

Deno.test("a page without a part's markers, with one twice or with an unknown one is refused, and kept", async () => {
  const path = "docs/settings.md";
  const [part = ""] = /<!-- generated: platform -->.*?<!-- \/generated -->/s.exec(
    await Deno.readTextFile(join(ROOT, path)),
  ) ?? [];
  for (
    const change of [
      (page: string) => page.replace(part, ""),
      (page: string) => page.replace(part, part + part),
      (page: string) => page.replace(part, part.replace("platform", "unknown")),
      // Its end is missing, so what follows by hand must not be taken for generated.
      (page: string) => page.replace("<!-- /generated -->", ""),
    ]
  ) {
    await withPage(path, change, async (docs, file) => {
      const before = await Deno.readTextFile(file);
      assertRefused(
        await docs(),
        /docs\/settings\.md must have each of these parts once.*settings, platform/,
      );
      assertEquals(await Deno.readTextFile(file), before);
    });
  }
});

Deno.test("a cell's bars and placeholders are not taken for Markdown", () => {
  const [, , , row] = table(["a", "b"], [["x | y <ref>", "`<ref>`"]]).split("\n");
  assertEquals(row, "| x \\| y \\<ref> | `<ref>` |");
});

Deno.test("docs/errors.md explains every reason that the log can have, and no other", async () => {
  const folder = new URL("../../supabase/functions/_shared/powersync/", import.meta.url);
  const existing = new Set(Object.keys(CODES));
  const found = new Set<string>();
  for await (const { name } of Deno.readDir(folder)) {
    const source = await Deno.readTextFile(new URL(name, folder));
    for (const [, reason = ""] of source.matchAll(/\bwhy(?::| =) \{ reason: "(.+?)"/g)) found.add(reason);
  }
  assert(found.size > 0);
  const [, table = ""] = (await Deno.readTextFile(join(ROOT, "docs/errors.md"))).split("\n| reason ");
  const explained = [...table.matchAll(/^\| `(.+?)` +\|/gm)].map(([, reason]) => reason);
  assertEquals(explained.sort(), [...existing.union(found)].sort());
});
