import { assert, assertEquals, assertFalse, assertMatch } from "@std/assert";
import { fixOf } from "../../scripts/doctor/fixes.ts";
import type { CauseId } from "../../scripts/doctor/check.ts";
import { Invocation } from "../../scripts/cli/invocation.ts";
import type { EnvChange, ProjectKind, SetUp } from "../../scripts/doctor/fix-context.ts";
import { CAUSES } from "../../scripts/doctor/causes.ts";
import { RULE_CODES } from "../../scripts/powersync/result.ts";
import { ERRORS } from "../../supabase/functions/_shared/powersync/errors.ts";

const IDS = [CAUSES, RULE_CODES, ERRORS].flatMap((table) => Object.keys(table)) as CauseId[];

const NO_FILE = { path: ".env.production", isLocal: false, names: undefined, url: undefined, canSign: false };

/** Everything about the set-up is known. */
function contextOf(project: ProjectKind, canSign: boolean): SetUp {
  const url = "https://x.powersync.journeyapps.com";
  return {
    invocation: new Invocation(undefined, "deno"),
    again: "deno task doctor",
    file: { path: ".env.production", isLocal: false, names: ["POWERSYNC_URL"], url, canSign },
    project,
    projectName: "abc",
    ref: "abc",
    jwksUrl: "https://abc.supabase.co/functions/v1/powersync-jwks",
    isOtherJwksUrl: false,
    powersync: url,
    audiences: [],
    endpoint: url,
  };
}

const FIXES = (["hosted", "self-hosted", "local"] as const).flatMap((project) =>
  [true, false].flatMap((canSign) =>
    ["jwks", "powersync-auth", "function-token", "powersync"].flatMap((id) =>
      IDS.map((cause) => {
        const check = { id, title: "", status: "failed", seen: "", hint: "Hint.", cause } as const;
        return { what: `${cause} of ${id}`, project, fix: fixOf(check, contextOf(project, canSign)) };
      })
    )
  )
);

Deno.test("every fault has a fix, and no fix has a placeholder for what is known", () => {
  for (const { what, fix } of FIXES) {
    assert(fix !== undefined && (fix.commands.length > 0 || fix.note !== ""), what);
    assertFalse(/<project ref>|<instance>/.test(JSON.stringify(fix)), what);
  }
});

Deno.test("no command prints a private key, and only a hosted project is deployed to by the Supabase CLI", () => {
  for (const { what, project, fix } of FIXES) {
    for (const command of fix?.commands ?? []) {
      if (command.includes(" keys ")) assert(command.includes("--env-file"), `${what}: ${command}`);
      if (command.startsWith("supabase ")) {
        assertEquals(
          [project, command.includes("--project-ref abc")],
          ["hosted", true],
          `${what}: ${command}`,
        );
      }
    }
  }
});

Deno.test("only functions of this computer that do not answer are started with the dev task", () => {
  const started = FIXES.filter(({ what, fix }) =>
    what.startsWith("no-connection of ") && fix?.commands.some((command) => command === "deno task dev")
  );
  assertEquals(
    [...new Set(started.map(({ what, project }) => `${project}: ${what}`))],
    ["jwks", "powersync-auth", "function-token"].map((id) => `local: no-connection of ${id}`),
  );
});

/** A change of the secrets in a set-up, and what is printed for it. */
const CHANGES: readonly (readonly [EnvChange, Partial<SetUp>, commands: readonly string[], note: RegExp])[] =
  [
    [
      { byHand: true },
      {},
      [],
      /^Hint\. Edit \.env\.production, then upload it: supabase secrets set --env-file/,
    ],
    [
      { byHand: true },
      { file: NO_FILE },
      [],
      /^Hint\. Write it into \.env\.production, then upload it: supabase/,
    ],
    [
      { instance: true },
      { powersync: undefined, endpoint: undefined },
      [],
      /under Connect; self-hosted, .* Edit/,
    ],
    [
      { remove: ["POWERSYNC_TOKEN_TTL"] },
      { project: "self-hosted" },
      ["docker compose up -d --force-recreate --no-deps functions"],
      /Remove POWERSYNC_TOKEN_TTL from the functions' environment; \.env\.production does not have it\.$/,
    ],
    [
      { remove: ["POWERSYNC_TOKEN_TTL"] },
      {},
      ["supabase secrets unset POWERSYNC_TOKEN_TTL --yes --project-ref abc"],
      /^Hint\.$/,
    ],
    [
      { set: { POWERSYNC_TOKEN_TTL: "300" } },
      { file: NO_FILE },
      ["supabase secrets set POWERSYNC_TOKEN_TTL=300 --yes --project-ref abc"],
      /^Hint\.$/,
    ],
    [
      { newKey: true, remove: ["POWERSYNC_PRIVATE_KEY_2"] },
      { file: { ...NO_FILE, names: ["POWERSYNC_PRIVATE_KEY_2"] } },
      [
        "deno task keys -- --force --env-file .env.production",
        "deno task edit-secrets -- --env-file .env.production --remove POWERSYNC_PRIVATE_KEY_2",
        "supabase secrets set --env-file .env.production --yes --project-ref abc",
        "supabase secrets unset POWERSYNC_PRIVATE_KEY_2 --yes --project-ref abc",
      ],
      /^The first command creates a new key\. .* Running functions may use the old values/,
    ],
    [
      {},
      { project: "local" },
      ["deno task edit-secrets -- --env-file .env.production"],
      /^The first command repairs the format; the values stay the same\.$/,
    ],
  ];

Deno.test("what was named on the command line decides about the fix", () => {
  const check = { id: "jwks", title: "", status: "failed", seen: "", cause: "jwks-of-auth" } as const;
  const setUp = contextOf("hosted", true);
  const commandsOf = (cause: CauseId, changes: Partial<SetUp>) =>
    fixOf({ ...check, cause }, { ...setUp, ...changes })?.commands.join(" && ") ?? "";
  assertMatch(commandsOf("jwks-of-auth", {}), /^supabase functions deploy/);
  assertMatch(commandsOf("jwks-of-auth", { isOtherJwksUrl: true }), /^deno task config -- /);
  assertMatch(commandsOf("audience-other", { audiences: ["a", "b"] }), /POWERSYNC_AUDIENCE=a,b && supabase /);
});

for (const [change, setUp, commands, note] of CHANGES) {
  Deno.test(`the commands for ${JSON.stringify(change)} with ${Object.keys(setUp)}`, () => {
    const check = {
      id: "x",
      title: "",
      status: "failed",
      seen: "",
      cause: "KEY_MALFORMED",
      hint: "Hint.",
      change,
    } as const;
    const fix = fixOf(check, { ...contextOf("hosted", true), ...setUp });
    assertEquals(fix?.commands, commands);
    assertMatch(fix?.note ?? "", note);
  });
}
