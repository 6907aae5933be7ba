/** Every command on a project in another folder, started from this repository as a person does. */
import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { relative } from "node:path";
import { shellWord } from "../scripts/cli/invocation.ts";
import { callPrinted } from "./support/call_command.ts";
import { writeTree } from "./support/file_tree.ts";
import { runPrinted } from "./support/printed_command.ts";
import { inFolder, type Ran, ROOT } from "./support/run_script.ts";

const REF = "abcdefghijklmnopqrst";

/** A linked project beside this repository, and how a task is started for it. */
interface OtherProject {
  /** From this repository. */
  readonly dir: string;
  /** Starts a task with `--dir`. */
  start(task: string, flags?: string): Promise<Ran>;
  /** The same; it must succeed. */
  run(task: string, flags?: string): Promise<Ran>;
  read(file: string): Promise<string>;
  write(file: string, text: string): Promise<void>;
}

async function inProject(test: (project: OtherProject) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const path = `${folder}/my other app`;
    await writeTree(path, { "supabase/functions/.keep": "", "supabase/.temp/project-ref": REF });
    const dir = relative(ROOT, path);
    const commandOf = (task: string, flags: string) =>
      `deno task ${task} -- --dir ${shellWord(dir)} ${flags}`;
    await test({
      dir,
      start: (task, flags = "") => callPrinted(commandOf(task, flags)),
      run: (task, flags = "") => run(commandOf(task, flags)),
      read: (file) => Deno.readTextFile(`${path}/${file}`),
      write: (file, text) => writeTree(path, { [file]: text }),
    });
  });
}

/** Runs a command, which must succeed. */
async function run(command: string, how = callPrinted): Promise<Ran> {
  const ran = await how(command);
  assertEquals(ran.code, 0, `${command}\n${ran.stderr}`);
  return ran;
}

/** The command of a task in a text; there must be one. */
function printed(text: string, task: string): string {
  const [command] = new RegExp(`\\S.* task ${task}( .*)?$`, "m").exec(text.replace(/^.*(: +|# )/gm, "")) ??
    [];
  assert(command !== undefined, `No command for ${task} in:\n${text}`);
  return command;
}

Deno.test("keys, config, check-secrets and edit-secrets work on the project's production file", async () => {
  await inProject(async ({ dir, run: task, read }) => {
    const path = `${dir}/.env.production`;
    const made = await task("keys", "--alg ES256 --env-file .env.production");
    assertStringIncludes(made.stdout, `Written to ${path}.`);
    assertStringIncludes(made.stdout, `The linked project is ${REF} (${dir}/supabase/.temp/project-ref).`);
    assertStringIncludes(made.stdout, `JWKS URI https://${REF}.supabase.co/functions/v1/powersync-jwks`);
    assertStringIncludes(made.stdout, `secrets set --env-file '${path}' --workdir '${dir}'`);
    assertStringIncludes(made.stdout, `powersync-auth-anonymous --use-api --workdir '${dir}'`);

    const edited = await task("edit-secrets", "POWERSYNC_URL=https://sync.example.org");
    assertEquals(edited.stdout, `${path}: set POWERSYNC_URL.\n`);
    assertEquals((await task("check-secrets")).stdout, `${path} may be uploaded.\n`);

    assertMatch(printed(made.stdout, "config"), / --env-file \.env\.production$/);
    for (const command of [printed(made.stdout, "config"), `deno task config -- --dir ${shellWord(dir)}`]) {
      // In a shell of its own, as every printed command can be run.
      const { stdout, stderr } = await run(command, runPrinted);
      assertStringIncludes(stdout, `jwks_uri: "https://${REF}.supabase.co/functions/v1/powersync-jwks"`);
      assertStringIncludes(stdout, '- "https://sync.example.org"');
      assertStringIncludes(stderr, `Secrets: ${path}. Project: ${REF} (${dir}/supabase/.temp/project-ref).`);
    }

    const rotated = await task("keys", "--alg ES256 --env-file .env.production --rotate");
    await run(printed(rotated.stdout, "edit-secrets"));
    const before = await read(".env.production");
    assertMatch(before, /^POWERSYNC_URL=.*\nPOWERSYNC_PRIVATE_KEY_\d{8}=\S+\n$/);
    const { stdout } = await task("keys", "--alg ES256 --env-file .env.production --rotate --leaked --json");
    const report = JSON.parse(stdout);
    assertEquals([report.project, report.envFile], [REF, path]);
    assertEquals(report.commands.github, [
      `(cd '${dir}' && gh secret set POWERSYNC_SECRETS --env production < .env.production)`,
    ]);
    assertFalse((await read(".env.production")).includes(before.split("_KEY_")[1] ?? ""));
  });
});

Deno.test("token and config work on the project's local file, and print commands for it", async () => {
  await inProject(async ({ dir, run: task }) => {
    const path = `${dir}/supabase/functions/.env`;
    const made = await task("keys", "--alg ES256 --env-file supabase/functions/.env");
    assertMatch(printed(made.stdout, "dev"), new RegExp(`dev -- --dir '${dir}'$`));
    assertMatch(printed(made.stdout, "keys"), /--env-file \.env\.production$/);
    const { stdout, stderr } = await task("token", "--anonymous");
    assertMatch(stdout, /^eyJ[\w-]+\.[\w-]+\.[\w-]+\n$/);
    assertStringIncludes(stderr, ` in ${path}; valid for`);
    const config = await run(printed(stderr, "config"));
    assertStringIncludes(config.stdout, 'kid: "dev-');
    assertMatch(
      config.stderr,
      new RegExp(`^Secrets: ${path}\\. .* For the linked project ${REF}: --env-file`, "m"),
    );

    const shared = await task("keys", "--alg HS256");
    assertMatch((await run(printed(shared.stdout, "token"))).stdout, /^eyJ/);
  });
});

Deno.test("an error's command creates what is missing in the project", async () => {
  await inProject(async ({ dir, start, run: task, read }) => {
    await task("edit-secrets", "POWERSYNC_URL=https://sync.example.org");
    for (const [name, flags] of [["token", "--anonymous"], ["config", "--static"]] as const) {
      const refused = await start(name, `${flags} --env-file .env.production`);
      assertMatch(refused.stderr, new RegExp(`no (signing )?key in ${dir}/\\.env\\.production\\.`, "m"));
      await run(`${printed(refused.stderr, "keys")} --alg ES256 --force`);
      assertEquals((await start(name, `${flags} --env-file .env.production`)).code, 0);
      await task("edit-secrets", "--remove POWERSYNC_PRIVATE_KEY --remove POWERSYNC_PUBLIC_KEY");
    }
    const refused = await start("token", "--anonymous --shared --env-file .env.production");
    await run(printed(refused.stderr, "keys"));
    assertStringIncludes(await read(".env.production"), "POWERSYNC_SHARED_KEY=");
    const missing = await start("token", "--anonymous");
    assertMatch(
      missing.stderr,
      new RegExp(
        `There is no file (${dir}/supabase/functions/\\.env): .* dev -- --dir .* creates \\1 with a key`,
      ),
    );
  });
});

Deno.test("whatever is wrong with a file, the error names it as the reader has it", async () => {
  await inProject(async ({ dir, start, read, write }) => {
    const path = `${dir}/.env.production`;
    const refused = async (command: string, reason: string) => {
      const [task = "", ...flags] = command.split(" ");
      const { code, stdout, stderr } = await start(task, flags.join(" "));
      assert(code !== 0, command);
      assertStringIncludes(stdout + stderr, `${path}${reason}`, command);
    };
    const named = "--env-file .env.production";
    for (const flags of ["--rotate", "--rotate --leaked"]) {
      await refused(`keys ${flags} ${named}`, "");
    }
    await refused(`doctor ${named}`, "");
    const all = [
      `keys ${named}`,
      `keys --alg HS256 ${named}`,
      `token --anonymous ${named}`,
      `config ${named}`,
      `check-secrets .env.production`,
      `edit-secrets POWERSYNC_TOKEN_TTL=600`,
      `doctor ${named}`,
    ];
    await write(".env.production", "what is this\n");
    for (const command of all) await refused(command, ", line 1: neither NAME=value nor a comment");
    await write(".env.production", "POWERSYNC_PRIVATE_KEY=x\nPOWERSYNC_SHARED_KEY=x\n");
    await refused(`keys ${named}`, " already has POWERSYNC_PRIVATE_KEY");
    await refused(`keys --alg HS256 ${named}`, " already has POWERSYNC_SHARED_KEY");
    await refused(`keys --rotate ${named}`, ": The key in POWERSYNC_PRIVATE_KEY");
    await refused(`keys --rotate --leaked --replaces POWERSYNC_PRIVATE_KEY_2 ${named}`, " has no ");
    await refused("edit-secrets --remove POWERSYNC_PRIVATE_KEY_2", " has no ");
    await write(".env.production.tmp", "");
    await refused("edit-secrets POWERSYNC_TOKEN_TTL=600", ".tmp");
    assertEquals(await read(".env.production"), "POWERSYNC_PRIVATE_KEY=x\nPOWERSYNC_SHARED_KEY=x\n");
    await Deno.remove(`${ROOT}/${path}`);
    await Deno.mkdir(`${ROOT}/${path}`);
    for (const command of all) await refused(command, " cannot be read: it is a folder");
  });
});

Deno.test("the doctor reads the project's file and link, and its fixes are for that project", async () => {
  await inProject(async ({ dir, start, run: task, read, write }) => {
    const link = "supabase/.temp/project-ref";
    await write(link, "");
    const nothing = JSON.parse((await start("doctor", "--json")).stdout);
    await run(`${nothing.first.fix.commands[0]} --alg ES256`);
    assertStringIncludes(await read(".env.production"), "POWERSYNC_PRIVATE_KEY=");
    await write(link, REF);
    await write("token.jwt", "e30.e30.");
    const { stdout } = await start("doctor", "--json --token token.jwt");
    assertStringIncludes(stdout, "token-is-unknown-issuer");
    await task(
      "edit-secrets",
      "POWERSYNC_URL=https://sync.example.org --rename POWERSYNC_PRIVATE_KEY=POWERSYNC_PRIVATE_KEY_2",
    );
    await task("edit-secrets", "POWERSYNC_TOKEN_TTL=600");
    await write(".env.production", (await read(".env.production")).replace("TTL=600", "TTL=90000"));
    // Tests may ask nobody but this computer.
    const report = JSON.parse((await start("doctor", "--json")).stdout);
    assertEquals(report.sources, [
      `Secrets: ${dir}/.env.production.`,
      `Project: ${REF} (${dir}/supabase/.temp/project-ref).`,
    ]);
    const [edit = "", upload] = report.first.fix.commands;
    assertEquals(
      upload,
      `supabase secrets set --env-file '${dir}/.env.production' --yes --project-ref ${REF} --workdir '${dir}'`,
    );
    await run(edit);
    assertFalse((await read(".env.production")).includes("90000"));
    const again = report.checks.find(({ cause }: { cause?: string }) => cause === "no-permission");
    assertMatch(again.fix.commands[0], new RegExp(`doctor -- --dir '${dir}'$`));
  });
});
