import { assertEquals } from "@std/assert";
import { withIgnored } from "../../scripts/add/git-ignore.ts";

const LINES = [".env.production", "supabase/functions/.env", "supabase/functions/powersync-*/deno.lock"];
const ALL = LINES.join("\n");

Deno.test("the lines are added once, in the style of the file", () => {
  assertEquals(withIgnored("").text, `${ALL}\n`);
  assertEquals(withIgnored("dist\n").text, `dist\n${ALL}\n`);
  assertEquals(withIgnored("dist").text, `dist\n${ALL}`);
  assertEquals(withIgnored("dist\r\n").text, `dist\r\n${LINES.join("\r\n")}\r\n`);
  for (const text of ["", "dist\n", "dist", "dist\r\nx"]) {
    const once = withIgnored(text);
    assertEquals(withIgnored(once.text), { text: once.text, added: [] });
  }
});

Deno.test("what another line covers is not added", () => {
  assertEquals(withIgnored(".env*\ndeno.lock\n").added, []);
  assertEquals(withIgnored("/.env.*\n**/.env\n/supabase/functions/*/deno.lock\n").added, []);
  assertEquals(withIgnored("  .env.production  \r\n").added, LINES.slice(1));
});

Deno.test("a comment, a similar line, or one that is taken back covers nothing", () => {
  for (
    const text of ["#.env.production\n", ".env.production.local\n", ".env*\n!.env.production\n", ".env\n"]
  ) {
    assertEquals(withIgnored(text).added.includes(".env.production"), true, text);
  }
  assertEquals(withIgnored("!.env.production\n.env*\n").added.includes(".env.production"), false);
});
