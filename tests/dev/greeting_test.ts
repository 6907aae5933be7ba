/** What `task dev` prints at its start. */
import { assert, assertMatch, assertNotMatch, assertStringIncludes } from "@std/assert";
import { Invocation } from "../../scripts/cli/invocation.ts";
import { greeting, type Started } from "../../scripts/dev/greeting.ts";
import { configuredPlatform, developmentPlatform } from "../../scripts/setup/platform.ts";

function greetingText({ port = 54321, ...started }: Partial<Started> = {}): string {
  const origin = `http://127.0.0.1:${port}`;
  const platform = developmentPlatform(origin, { keys: [] });
  const usual = { origin, platform, port, added: [], addresses: [], invocation: new Invocation() };
  return greeting({ ...usual, ...started }).join("\n");
}

const PROJECT = configuredPlatform({ SUPABASE_URL: "http://127.0.0.1:9" }, { shell: {}, port: 54321 });

Deno.test("the printed config command is about this server, whatever its port and whoever signs users in", () => {
  const config = "task config -- --env-file supabase/functions/.env";
  assertStringIncludes(greetingText(), `${config})\n`);
  const here = (port: number) =>
    `${config} --jwks-url http://127.0.0.1:${port}/functions/v1/powersync-jwks)\n`;
  assertStringIncludes(greetingText({ port: 54322 }), here(54322));
  assert(PROJECT !== undefined);
  assertStringIncludes(greetingText({ platform: PROJECT }), here(54321));
});

Deno.test("the file that is read is named at every start, also when nothing is written to it", () => {
  assertMatch(greetingText(), /^Secrets +supabase\/functions\/\.env$/m);
});

Deno.test("every address of this computer is printed when they are served, and the Android emulator's for it", () => {
  const text = greetingText({ addresses: ["192.168.0.2", "10.0.0.3"] });
  for (const address of ["192.168.0.2", "10.0.0.3", "10.0.2.2"]) {
    assertMatch(text, new RegExp(`^\\w.* http://${address}:54321$`, "m"));
  }
  assertNotMatch(greetingText(), /10\.0\.2\.2/);
});

Deno.test("for a project without a key it says which one to add, and prints no command that would need it", () => {
  assert(PROJECT !== undefined);
  const text = greetingText({ platform: PROJECT });
  assertMatch(text, /^Publishable key\s+none: add SUPABASE_PUBLISHABLE_KEY=sb_publishable_… .*\.env$/m);
  assertNotMatch(text, /curl/);
});
