/** Whether the README, docs/ and .github/ name what exists. */
import { assert, assertEquals } from "@std/assert";
import { RECORD_FILE } from "../../scripts/add/record.ts";

const ROOT = new URL("../../", import.meta.url);

/** Files that are made, here or in another project. */
const NOT_IN_GIT = ["supabase/functions/.env", RECORD_FILE];

const PAGES = new Map(
  [
    "README.md",
    "CHANGELOG.md",
    ...[...Deno.readDirSync(new URL("docs", ROOT))].map(({ name }) => `docs/${name}`),
    ...[...Deno.readDirSync(new URL("docs/connectors", ROOT))].map(({ name }) =>
      `docs/connectors/${name}/README.md`
    ),
    ".github/CONTRIBUTING.md",
    ".github/SECURITY.md",
  ].filter((path) => path.endsWith(".md")).map((path) => [path, Deno.readTextFileSync(new URL(path, ROOT))]),
);

/** What GitHub makes of a page's headings. */
function anchorsOf(page: string): string[] {
  const headings = page.replace(/^```.*?^```$/gms, "").matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, title = ""]) =>
    title.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-")
  );
}

function page(path: string): string {
  const text = PAGES.get(path);
  assert(text !== undefined, `There is no ${path}.`);
  return text;
}

for (const [path, text] of PAGES) {
  Deno.test(`${path}: every link leads to a file, and every anchor to a heading`, async () => {
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const url = new URL(target, new URL(path, ROOT));
      await Deno.stat(new URL(url.pathname, url)).catch(() => assert(false, `no file for ${target}`));
      if (url.hash === "") continue;
      const linked = await Deno.readTextFile(new URL(url.pathname, url));
      assert(anchorsOf(linked).includes(url.hash.slice(1)), `no heading for ${target}`);
    }
  });

  Deno.test(`${path}: every file and task it names exists`, async () => {
    const named = text.matchAll(/(?<![\w@/.-])(?:supabase|scripts|tests|docs|\.github|\.ci)\/[\w./-]*\w/g);
    for (const [file] of named) {
      if (NOT_IN_GIT.includes(file)) continue;
      await Deno.stat(new URL(file, ROOT)).catch(() => assert(false, `There is no ${file}.`));
    }
    const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
    for (const [, task = ""] of text.matchAll(/(?:deno|deno@2) task ([\w:-]*\w)/g)) {
      assert(task in tasks, `There is no task ${task}.`);
    }
  });
}

Deno.test("the newest version in CHANGELOG.md is deno.json's", async () => {
  const { version } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  assertEquals(/^## \[(\d+\.\d+\.\d+)\]/m.exec(page("CHANGELOG.md"))?.[1], version);
});
