/** Whether docs/hosts.md shows the files that the tests run, and names what they run on. */
import { assert, assertStringIncludes } from "@std/assert";
import { HOSTS } from "../hosts/hosts.ts";
import { VERSIONS } from "../hosts/project.ts";

const FOLDER = new URL("../../docs/hosts/", import.meta.url);
const page = await Deno.readTextFile(new URL("../hosts.md", FOLDER));

function filesIn(folder: URL): URL[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesIn(new URL(`${name}/`, folder)) : [new URL(name, folder)]
  );
}

Deno.test("docs/hosts.md shows every file of docs/hosts as it is", async () => {
  const files = filesIn(FOLDER);
  assert(files.length > HOSTS.length / 2);
  for (const file of files) {
    const language = file.pathname.split(".").at(-1);
    assertStringIncludes(page, `\n\`\`\`${language}\n${await Deno.readTextFile(file)}\`\`\`\n`);
  }
});

Deno.test("docs/hosts.md names every host that is run, and the versions of all that runs it", () => {
  for (const { name } of HOSTS) assert(page.includes(`\n| ${name} `), name);
  for (const [name, version] of Object.entries(VERSIONS)) assert(page.includes(version), name);
});

Deno.test("docs/hosts.md installs the versions of the packages that the functions import", async () => {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("../../import_map.json", FOLDER)));
  for (const name of ["jose", "@supabase/supabase-js"]) {
    assertStringIncludes(page, ` ${`${imports[name]}`.replace("npm:", "")}`);
  }
});
