import { assert, assertEquals } from "@std/assert";
import { HTTP_STATUS } from "../../supabase/functions/_shared/powersync/http.ts";

const README = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
const ENV_EXAMPLE = await Deno.readTextFile(
  new URL("../../supabase/functions/.env.example", import.meta.url),
);
const SETTINGS = await Deno.readTextFile(
  new URL("../../supabase/functions/_shared/powersync/settings.ts", import.meta.url),
);

function section(title: string): string {
  const [, rest = ""] = README.split(`\n## ${title}\n`);
  return rest.split("\n## ")[0] ?? "";
}

Deno.test("the README's table of error codes is complete, with the status of each, and names no other", () => {
  const rows = section("Answers and error codes").matchAll(/^\| *((?:`[A-Z_]+`(?:, )?)+) *\| *(\d{3}) *\|/gm);
  const documented = [...rows].flatMap(([, codes = "", status]) =>
    [...codes.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => `${code} ${status}`)
  );
  const existing = Object.entries(HTTP_STATUS).map(([code, status]) => `${code} ${status}`);
  assertEquals(documented.sort(), existing.sort());
});

Deno.test("the README and .env.example list every secret that the functions read", () => {
  const names = new Set([...SETTINGS.matchAll(/POWERSYNC_[A-Z_]+[A-Z]/g)].map(([name]) => name));
  assert(names.size >= 8);
  for (const name of [...names]) if (/_(MISSING|INVALID)$/.test(name)) names.delete(name);
  for (const name of names) {
    assert(section("Secrets").includes(`\`${name}\``), `${name} is missing in the README`);
    assert(ENV_EXAMPLE.includes(`#${name}=`), `${name} is missing in .env.example`);
  }
});

Deno.test("every link within the README leads to a heading, every relative one to a file", async () => {
  const anchors = [...README.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title.toLowerCase().replace(/[^\w\s-]/g, "").replaceAll(" ", "-")
  );
  for (const [, target = ""] of README.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^https?:/.test(target)) continue;
    if (target.startsWith("#")) assert(anchors.includes(target.slice(1)), `no heading for ${target}`);
    else await Deno.stat(new URL(`../../${target}`, import.meta.url));
  }
});
