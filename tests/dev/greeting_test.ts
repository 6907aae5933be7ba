import { assertStringIncludes } from "@std/assert";
import { Invocation } from "../../scripts/cli/invocation.ts";
import { greeting } from "../../scripts/dev/greeting.ts";
import { developmentPlatform } from "../../scripts/setup/platform.ts";

function lineOf(port: number, isDevelopmentAuth = true, begins = "JWKS URI"): string {
  const origin = `http://127.0.0.1:${port}`;
  const platform = { ...developmentPlatform(origin, { keys: [] }), isDevelopmentAuth };
  const started = { origin, platform, added: [], addresses: [], port, invocation: new Invocation() };
  return greeting(started).find((line) => line.startsWith(begins)) ?? "";
}

Deno.test("the printed config command is about this server, whatever its port and whoever signs users in", () => {
  const config = "task config -- --env-file supabase/functions/.env";
  assertStringIncludes(lineOf(54321), `${config})`);
  const here = (port: number) => `${config} --jwks-url http://127.0.0.1:${port}/functions/v1/powersync-jwks)`;
  assertStringIncludes(lineOf(54322), here(54322));
  assertStringIncludes(lineOf(54321, false), here(54321));
});

Deno.test("the file that is read is named at every start, also when nothing is written to it", () => {
  assertStringIncludes(lineOf(54321, true, "Secrets  "), " supabase/functions/.env");
});
