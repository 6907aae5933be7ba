import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { failed } from "../../scripts/doctor/check.ts";
import { makeReport, redactCommand, reportLines } from "../../scripts/doctor/report.ts";
import { withRootCauses } from "../../scripts/doctor/root-cause.ts";
import { base64, SECRET_KEY } from "../support/project.ts";

const TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1In0.c2ln";
const fault = (seen: string, command: string) => ({
  ...failed({ id: "x", title: "X" }, "front-error", { seen }),
  fix: { commands: [command], note: seen },
});

Deno.test("what servers and people hand in is hidden in the report", () => {
  const member = "d".repeat(43);
  const seen = `https://user:password@host.example says ${member}, ${TOKEN} and sb_secret_abcdef`;
  const report = makeReport([fault(seen, member)], { sources: [], secrets: [member] });
  const shown = reportLines(report).join("\n");
  assertStringIncludes(shown, "host.example says");
  for (const text of ["password", member, "eyJ", "c2ln", "abcdef"]) assertFalse(shown.includes(text));
});

Deno.test("a command keeps its values, and no secret", () => {
  const value = base64([{ issuer: "https://a.example/", audience: "x".repeat(60) }]);
  const command = `edit-secrets -- POWERSYNC_IDENTITY_PROVIDERS=${value}`;
  assertEquals(redactCommand(command), command);
  assertEquals(redactCommand("x https://user:p@ss@host/a@b"), "x https://[hidden]@host/a@b");
  assertFalse(redactCommand(`x ${SECRET_KEY} ${TOKEN}`).includes("c2ln"));
  // A short secret may be one of its words.
  const deploy = "supabase functions deploy powersync-jwks";
  const { first } = makeReport([fault("", deploy)], { sources: [], secrets: ["powersync"] });
  assertEquals(first?.fix?.commands, [deploy]);
});

Deno.test("a file that cannot be read explains what the deployment lacks", () => {
  const checks = withRootCauses([
    failed({ id: "env-file", title: "Secrets file" }, "env-file-utf16", { seen: "" }),
    failed({ id: "jwks", title: "JWKS" }, "POWERSYNC_PRIVATE_KEY_MISSING", { seen: "" }),
    failed({ id: "powersync-auth", title: "" }, "POWERSYNC_URL_MISSING", { seen: "" }),
  ]);
  assertEquals(checks.map(({ followsFrom }) => followsFrom), [undefined, "env-file-utf16", "env-file-utf16"]);
});
