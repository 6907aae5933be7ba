import { assert, assertEquals, assertFalse } from "@std/assert";
import { fixOf } from "../../scripts/doctor/fixes.ts";
import type { CauseId } from "../../scripts/doctor/check.ts";
import { Invocation } from "../../scripts/cli/invocation.ts";
import type { ProjectKind, SetUp } from "../../scripts/doctor/fix-context.ts";
import { CAUSES } from "../../scripts/doctor/causes.ts";
import { RULE_CODES } from "../../scripts/powersync/result.ts";
import { ERRORS } from "../../supabase/functions/_shared/powersync/errors.ts";

const IDS = [CAUSES, RULE_CODES, ERRORS].flatMap((table) => Object.keys(table)) as CauseId[];

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
