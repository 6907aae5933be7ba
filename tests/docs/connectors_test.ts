/** Whether the documentation shows the connectors as they are, and names what they were run with. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { VERSIONS } from "../clients/javascript/project.ts";
import { blocksOf, filesIn, readFile } from "../support/documents.ts";

const FOLDER = "docs/connectors/javascript";

for (
  const [page, marker, file] of [
    ["README.md", "fetch-credentials", "connector.ts"],
    [`${FOLDER}/README.md`, "app.ts", "app.ts"],
  ] as const
) {
  Deno.test(`${page} shows a part of the JavaScript connector's ${file}`, () => {
    const { text = "?" } = blocksOf(page).find((block) => block.marker === marker) ?? {};
    const source = readFile(`${FOLDER}/${file}`);
    assert(source.includes(text) || source.includes(text.replaceAll(/^(?=.)/gm, "  ")), text);
    assert(text.includes("fetchCredentials") || file === "app.ts");
  });
}

Deno.test("the page of the JavaScript connector names the versions of all that runs it", () => {
  const page = readFile(`${FOLDER}/README.md`);
  const { typescript, ...packages } = VERSIONS;
  for (const [name, version] of Object.entries(packages)) assertStringIncludes(page, `${name}@${version}`);
  assertStringIncludes(page, `TypeScript ${typescript}`);
});

Deno.test("docs/clients.md links the folder of each SDK, and says whether it was run, compiled or read", () => {
  const page = readFile("docs/clients.md");
  const rows = [...page.matchAll(/^\|[^|]+\| \[\w+\]\(connectors\/(\w+)\/README\.md\) +\| (.*)\|$/gm)];
  for (const [, folder, tested = ""] of rows) assert(/\b(run|compiled|read)\b/.test(tested), folder);
  const folders = [...new Set(filesIn("docs/connectors").map((path) => path.split("/")[2]))];
  assertEquals(
    rows.map(([, folder = ""]) => folder).filter((name) => folders.includes(name)).sort(),
    folders.sort(),
  );
});

Deno.test("docs/clients.md names the codes after which a user has to sign in again", () => {
  const page = readFile("docs/clients.md");
  const connector = readFile(`${FOLDER}/connector.ts`);
  const codes = [...connector.matchAll(/answer\.code === "(\w+)"/g)].map(([, code]) => code);
  assertEquals(codes, ["USER_TOKEN_INVALID", "USER_TOKEN_EXPIRED"]);
  for (const code of codes) assertStringIncludes(page, `\`${code}\``);
});
