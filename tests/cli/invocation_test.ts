import { assertEquals } from "@std/assert";
import { commandAgain, shellWord, taskCommand } from "../../scripts/cli/invocation.ts";

const NAMES = { named: ["project", "audience"], asked: ["token"] };

Deno.test("a command is repeated with its flags, quoted for a shell, and without a secret", () => {
  const flags = { project: "https://x.example/a b", audience: ["one", "two"], token: "eyJ", json: true };
  assertEquals(
    commandAgain("deno task doctor", flags, NAMES),
    "deno task doctor -- --project 'https://x.example/a b' --audience one --audience two --token",
  );
  assertEquals(commandAgain("deno task doctor", { json: true }, NAMES), "deno task doctor");
});

Deno.test("a task is started as the reader started this one", () => {
  assertEquals(
    taskCommand("/root/.npm/_npx/0123abcd/node_modules/@deno/linux-x64-glibc/deno"),
    "npx -y deno@2 task",
  );
  assertEquals(taskCommand("C:\\npm-cache\\_npx\\0123abcd\\deno.exe"), "npx -y deno@2 task");
  assertEquals(taskCommand("/usr/local/bin/deno"), "deno task");
});

Deno.test("a word reaches a program as it is, whatever a shell makes of it", () => {
  const words = [
    "=ls",
    "~",
    "a b",
    "$(id)",
    "`id`",
    "it's",
    "a\nb",
    "*",
    "!x",
    "a;b",
    "",
    "-x",
    "NAME=~/a",
    "\\",
  ];
  const args = ["-c", `printf '%s\\0' ${words.map(shellWord).join(" ")}`];
  const { stdout } = new Deno.Command("sh", { args }).outputSync();
  assertEquals(new TextDecoder().decode(stdout), words.map((word) => `${word}\0`).join(""));
  // zsh takes it for the path of a program.
  assertEquals(shellWord("=ls"), "'=ls'");
});
