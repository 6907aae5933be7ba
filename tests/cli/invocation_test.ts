import { assertEquals } from "@std/assert";
import { commandAgain } from "../../scripts/cli/invocation.ts";

const NAMES = { named: ["project", "audience"], asked: ["token"] };

Deno.test("a command is repeated with its flags, quoted for a shell, and without a secret", () => {
  const flags = { project: "https://x.example/a b", audience: ["one", "two"], token: "eyJ", json: true };
  assertEquals(
    commandAgain("deno task doctor", flags, NAMES),
    "deno task doctor -- --project 'https://x.example/a b' --audience one --audience two --token",
  );
  assertEquals(commandAgain("deno task doctor", { json: true }, NAMES), "deno task doctor");
});
