import { assertEquals, assertThrows } from "@std/assert";
import { CommandError } from "../../scripts/cli/command.ts";
import { configuredPlatform, developmentPlatform } from "../../scripts/setup/platform.ts";
import { readApiKeys, readSetting } from "../../supabase/functions/_shared/powersync/settings.ts";

const PROJECT = "https://project.supabase.co";

Deno.test("without SUPABASE_URL, or with an empty one, no project is meant", () => {
  for (const shell of [{}, { SUPABASE_URL: " " }, { SUPABASE_PUBLISHABLE_KEY: "sb_publishable_x" }]) {
    assertEquals(configuredPlatform({}, { shell, port: 54321 }), undefined);
  }
});

Deno.test("this server's own address is not a project, another port of this computer is", () => {
  for (const url of ["http://127.0.0.1:54321", "http://localhost:54321/"]) {
    assertEquals(configuredPlatform({ SUPABASE_URL: url }, { shell: {}, port: 54321 }), undefined);
    assertEquals(
      configuredPlatform({ SUPABASE_URL: url }, { shell: {}, port: 54322 })?.isDevelopmentAuth,
      false,
    );
  }
});

Deno.test("a project's URL has no trailing slash, and its key is the one that clients use today", () => {
  for (
    const [keys, expected] of [
      [{}, undefined],
      [{ SUPABASE_ANON_KEY: "anon" }, "anon"],
      [{ SUPABASE_ANON_KEY: "anon", SUPABASE_PUBLISHABLE_KEYS: '{"default":"first"}' }, "first"],
      [{ SUPABASE_PUBLISHABLE_KEYS: '{"default":"first"}', SUPABASE_PUBLISHABLE_KEY: "single" }, "single"],
      [{ SUPABASE_PUBLISHABLE_KEYS: "{" }, undefined],
    ] as const
  ) {
    const platform = configuredPlatform({ SUPABASE_URL: `${PROJECT}/`, ...keys }, { shell: {}, port: 54321 });
    assertEquals([platform?.supabaseUrl, platform?.publishableKey], [PROJECT, expected]);
  }
});

Deno.test("a SUPABASE_URL that is not a URL is refused without being repeated", () => {
  const error = assertThrows(
    () => configuredPlatform({ SUPABASE_URL: "project-ref" }, { shell: {}, port: 54321 }),
    CommandError,
    "SUPABASE_URL",
  );
  assertEquals(error.message.includes("project-ref"), false);
});

Deno.test("the development Auth's variables are what the functions read on the platform", () => {
  const jwks = { keys: [{ kty: "EC", kid: "a" }] };
  const { variables, publishableKey } = developmentPlatform("http://127.0.0.1:54321", jwks);
  assertEquals(readApiKeys(variables), [publishableKey]);
  assertEquals(readSetting(variables, "SUPABASE_URL"), "http://127.0.0.1:54321");
  assertEquals(readSetting(variables, "SUPABASE_JWKS"), jwks.keys);
});
