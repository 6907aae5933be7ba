/** Whether the documentation shows the connectors as they are, and names what they were run with. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { VERSIONS } from "../clients/javascript/project.ts";

const ROOT = new URL("../../", import.meta.url);
const read = (path: string) => Deno.readTextFile(new URL(path, ROOT));

/** The block that follows a comment of this name. */
function blockAfter(comment: string, page: string): string {
  const [, block] = new RegExp(`<!-- ${comment} -->\\s*\`\`\`ts\\n([^]*?)\`\`\``).exec(page) ?? [];
  assert(block !== undefined, comment);
  return block;
}

Deno.test("the README shows fetchCredentials of the JavaScript connector", async () => {
  const block = blockAfter("fetch-credentials", await read("README.md"));
  assertStringIncludes(block, "fetchCredentials");
  const connector = await read("docs/connectors/javascript/connector.ts");
  assertStringIncludes(connector, block.replace(/^(?=.)/gm, "  "));
});

Deno.test("the page of the JavaScript connector shows a part of app.ts", async () => {
  const block = blockAfter("app.ts", await read("docs/connectors/javascript/README.md"));
  assertStringIncludes(await read("docs/connectors/javascript/app.ts"), block);
});

Deno.test("the page of the JavaScript connector names the versions of all that runs it", async () => {
  const page = await read("docs/connectors/javascript/README.md");
  const { typescript, ...packages } = VERSIONS;
  for (const [name, version] of Object.entries(packages)) assertStringIncludes(page, `${name}@${version}`);
  assertStringIncludes(page, `TypeScript ${typescript}`);
});

Deno.test("docs/clients.md links the folder of each SDK, and says whether it was run, compiled or read", async () => {
  const page = await read("docs/clients.md");
  const rows = [...page.matchAll(/^\|[^|]+\| \[\w+\]\(connectors\/(\w+)\/README\.md\) +\| (.*)\|$/gm)];
  for (const [, folder, tested = ""] of rows) assert(/\b(run|compiled|read)\b/.test(tested), folder);
  const folders = [...Deno.readDirSync(new URL("docs/connectors", ROOT))].map(({ name }) => name);
  assertEquals(
    rows.map(([, folder = ""]) => folder).filter((name) => folders.includes(name)).sort(),
    folders.sort(),
  );
});

Deno.test("docs/clients.md names the codes after which a user has to sign in again", async () => {
  const page = await read("docs/clients.md");
  const connector = await read("docs/connectors/javascript/connector.ts");
  const codes = [...connector.matchAll(/answer\.code === "(\w+)"/g)].map(([, code]) => code);
  assertEquals(codes, ["USER_TOKEN_INVALID", "USER_TOKEN_EXPIRED"]);
  for (const code of codes) assertStringIncludes(page, `\`${code}\``);
});
