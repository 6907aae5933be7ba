/** Whether docs/hosts.md shows the files that the tests run, and names what they run on. */
import { assert, assertStringIncludes } from "@std/assert";
import { HOSTS } from "../hosts/hosts.ts";
import { VERSIONS } from "../hosts/project.ts";
import { filesIn, readFile } from "../support/documents.ts";

const page = readFile("docs/hosts.md");

Deno.test("docs/hosts.md shows every file of docs/hosts as it is", () => {
  const files = filesIn("docs/hosts");
  assert(files.length > HOSTS.length / 2);
  for (const file of files) {
    assertStringIncludes(page, `\n\`\`\`${file.split(".").at(-1)}\n${readFile(file)}\`\`\`\n`);
  }
});

Deno.test("docs/hosts.md names every host that is run, and the versions of all that runs it", () => {
  for (const { name } of HOSTS) assert(page.includes(`\n| ${name} `), name);
  for (const [name, version] of Object.entries(VERSIONS)) assert(page.includes(version), name);
});

Deno.test("docs/hosts.md installs the versions of the packages that the functions import", () => {
  const { imports } = JSON.parse(readFile("import_map.json"));
  for (const name of ["jose", "@supabase/supabase-js"]) {
    assertStringIncludes(page, ` ${`${imports[name]}`.replace("npm:", "")}`);
  }
});
