import { assert, assertEquals } from "@std/assert";
import { Invocation, shellWord } from "../../scripts/cli/invocation.ts";

const NAMES = { named: ["project", "audience"], asked: ["token"] };

Deno.test("a command is repeated with its flags, quoted for a shell, and without a secret", () => {
  const flags = { project: "https://x.example/a b", audience: ["one", "two"], token: "eyJ", json: true };
  const command = "doctor -- --project 'https://x.example/a b' --audience one --audience two --token";
  assertEquals(new Invocation(undefined, "deno").again("doctor", flags, NAMES), `deno task ${command}`);
  assertEquals(new Invocation(undefined, "deno").again("doctor", { json: true }, NAMES), "deno task doctor");
});

Deno.test("a task is started as the reader started this one", () => {
  const startedBy = (path: string) => new Invocation(undefined, path).task("dev");
  assertEquals(
    startedBy("/root/.npm/_npx/0123abcd/node_modules/@deno/linux-x64-glibc/deno"),
    "npx -y deno@2 task dev",
  );
  assertEquals(startedBy("C:\\npm-cache\\_npx\\0123abcd\\deno.exe"), "npx -y deno@2 task dev");
  assertEquals(startedBy("/usr/local/bin/deno"), "deno task dev");
});

Deno.test("commands for another project name its folder, and the CLI's paths begin where the reader is", () => {
  const other = new Invocation("../my app", "deno");
  assertEquals(other.task("keys", "--rotate"), "deno task keys -- --dir '../my app' --rotate");
  for (
    const [file, path] of [
      [".env.production", "../my app/.env.production"],
      ["../shared.env", "../shared.env"],
      ["/secrets/.env", "/secrets/.env"],
    ] as const
  ) {
    assertEquals(other.path(file), path);
    assertEquals(other.envFile(path), ["--env-file", file]);
  }
  assertEquals(new Invocation("/srv/app").pathInProject("/srv/app/.env"), ".env");
  assertEquals(new Invocation("/srv/app").pathInProject("/secrets/.env"), "/secrets/.env");
  assertEquals(
    other.supabase("secrets", "set", "--env-file", other.path(".env.production")),
    "supabase secrets set --env-file '../my app/.env.production' --workdir '../my app'",
  );
  assertEquals(new Invocation(undefined, "deno").supabase("link"), "supabase link");
});

Deno.test("a word reaches a program as it is, whatever a shell makes of it", () => {
  const plain = ["=ls", "~", "a b", "$(id)", "`id`", "it's", "*", "!x", "a;b", "-x"];
  const words = [...plain, "", "a\nb", "NAME=~/a", "\\"];
  const args = ["-c", `printf '%s\\0' ${words.map(shellWord).join(" ")}`];
  const { stdout } = new Deno.Command("sh", { args }).outputSync();
  assertEquals(new TextDecoder().decode(stdout), words.map((word) => `${word}\0`).join(""));
  // zsh takes it for the path of a program.
  assertEquals(shellWord("=ls"), "'=ls'");
});

/** What writes documents, whose readers are not known, and the one that knows how tasks are started. */
const MAY_NAME_A_WAY = ["add/record.ts", "cli/invocation.ts", "docs/troubleshooting.ts"];

Deno.test("no message names one way to start a task: the reader may have another", async () => {
  const scripts = new URL("../../scripts/", import.meta.url);
  const files = (await Array.fromAsync(readModules(scripts))).filter((file) =>
    !MAY_NAME_A_WAY.includes(file)
  );
  assert(files.length > 100);
  const literal = (source: string) =>
    source.replace(/^const HELP = `[^`]*`;$/gm, "").replace(/^\s*(\/\/|\/?\*).*$/gm, "").match(
      /^.*deno task.*$/gm,
    );
  assertEquals(literal('const HELP = `\n  deno task x`;\n// deno task x\nconsole.log("deno task x");'), [
    'console.log("deno task x");',
  ]);
  for (const file of files) {
    assertEquals(literal(await Deno.readTextFile(new URL(file, scripts))), null, file);
  }
});

async function* readModules(root: URL, folder = ""): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, root))) {
    if (isDirectory) yield* readModules(root, `${folder}${name}/`);
    else if (/\.(ts|js|html)$/.test(name)) yield folder + name;
  }
}
