/** The doctor's knowledge, for docs/troubleshooting.md. */
import { Invocation } from "../cli/invocation.ts";
import type { Check } from "../doctor/check.ts";
import { fixOf } from "../doctor/fixes.ts";
import { CAUSES, type KnownCause } from "../doctor/causes.ts";
import type { Cause } from "../doctor/fix-context.ts";
import { POWERSYNC_CODES } from "../powersync/codes.ts";
import { type Parts, table } from "./parts.ts";

/** A project that is linked, with its secrets in the usual file. */
const CONTEXT = {
  invocation: new Invocation(undefined, "deno"),
  again: "deno task doctor",
  file: { path: ".env.production", isLocal: false, names: ["POWERSYNC_URL"], url: undefined, canSign: true },
  project: "hosted",
  projectName: undefined,
  ref: undefined,
  jwksUrl: undefined,
  isOtherJwksUrl: false,
  powersync: undefined,
  endpoint: undefined,
  audiences: [],
} as const;

/** PowerSync's codes, and what else the doctor finds. */
export function troubleshootingParts(): Parts {
  const codes = POWERSYNC_CODES.map((
    { code, raisedFor, cause, fix },
  ) => [`\`${code}\``, raisedFor, cause, fix]);
  const causes = Object.entries<Cause>(CAUSES).map(([id, { means, code }]) => [
    `\`${id}\``,
    means,
    code === undefined ? "" : `\`${code}\``,
    fix(id as KnownCause),
  ]);
  return {
    "powersync-codes": table(["code", "raised for", "usual cause", "fix"], codes),
    causes: table(["cause", "what it means", "code it leads to", "fix"], causes),
  };
}

function fix(cause: KnownCause): string {
  const check: Check = { id: "jwks", title: "", status: "failed", seen: "", cause };
  const { commands = [], note = "" } = fixOf(check, CONTEXT) ?? {};
  const run = commands.map((command) => `\`${command}\``).join(", then ");
  return [run === "" ? "" : `Run ${run}.`, note].filter((part) => part !== "").join(" ");
}
