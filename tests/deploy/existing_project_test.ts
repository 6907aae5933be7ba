/** A fresh project of the real CLI, with functions of its own: the way from `add` to running functions. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { answer } from "../support/answer.ts";
import { copyBundle, FUNCTIONS, POWERSYNC_URL } from "../support/bundle.ts";
import { assertContract, startAll, startSupabaseProject } from "../support/deployed_functions.ts";
import { shellOf } from "../support/documents.ts";
import { readTree, writeTree } from "../support/file_tree.ts";
import { startManagementApi } from "../support/management_api.ts";
import { PUBLISHABLE_KEY, userToken } from "../support/project.ts";
import { inFolder, mustRun } from "../support/run_script.ts";
import { link, supabaseCli } from "../support/supabase_cli.ts";

const PAGE = "docs/existing-project.md";
const SHARED = "supabase/functions/_shared/powersync";

/** A function of somebody else's, with a `_shared` folder and import maps of its own. */
const THEIRS: Readonly<Record<string, string>> = {
  "supabase/functions/_shared/greeting.ts": 'export const greeting = "Hello from their own function";\n',
  "supabase/functions/hello/deno.json": '{ "imports": { "greeting": "../_shared/greeting.ts" } }\n',
  "supabase/functions/hello/index.ts":
    'import { greeting } from "greeting";\n\nexport default { fetch: () => new Response(greeting) };\n',
};
const THEIR_ROOT: Readonly<Record<string, string>> = {
  "deno.json":
    '{ "imports": { "jose": "npm:jose@4" }, "workspace": ["./supabase/functions/powersync-auth"] }\n',
  "import_map.json": "{}\n",
  // Where older projects list packages for all functions.
  "supabase/functions/import_map.json": '{ "imports": { "jose": "npm:jose@4" } }\n',
  "supabase/functions/deno.json": '{ "imports": { "jose": "npm:jose@4" } }\n',
};

/** As somebody wrote it for 0.1.0: the two imports, and `refusal` with a hint as text. */
const OLD_CLAIMS = `import { refusal } from "./errors.ts";
import { plan } from "./plan.ts";
import type { VerifiedUser } from "./user.ts";

export interface Claims {
  sub: string;
  [claim: string]: unknown;
}

export function signedInClaims(user: VerifiedUser): Claims | Promise<Claims> {
  if (user.isAnonymous) throw refusal("Only members.", "Become one.");
  return { sub: user.id, plan };
}

export function anonymousClaims(): Claims | Promise<Claims> {
  throw refusal("Sign in first.", "Open the sign-in page.");
}
`;

Deno.test("added to a fresh project, the bundle and the project's own function are deployed and work", async (t) => {
  await inFolder(async (folder) => {
    await using api = startManagementApi();
    const [bundle, project, cli] = [join(folder, "bundle"), join(folder, "my project"), join(folder, "cli")];
    await copyBundle(bundle);
    for (const made of [project, cli]) await Deno.mkdir(made);
    const supabase = await supabaseCli(api, cli);
    await supabase(project, "init");
    await writeTree(project, { ...THEIRS, ...THEIR_ROOT });
    const before = await readTree(project);
    const said = await run(bundle, ["task", "add", "--", "../my project"]);

    await t.step("nothing of theirs is touched: config.toml grows at its end, the rest stays", async () => {
      const after = await readTree(project);
      for (const [path, content] of before) {
        if (path === "supabase/config.toml") assert(after.get(path)?.startsWith(content));
        else assertEquals(after.get(path), content, path);
      }
      assertMatch(
        await run(bundle, ["task", "add", "--", "../my project", "--check"]),
        /functions of version/,
      );
    });

    await t.step(
      "the commands that it prints create the secrets, link, deploy the three, and leave theirs",
      async () => {
        for (const words of printedCommands(said)) {
          const [program = "", ...args] = words.map((word) => word.replace(/https:\/\/<.*/, POWERSYNC_URL));
          if (["dev", "doctor"].includes(args[1] ?? "") || args[0] === "login") continue;
          if (program === "deno") await run(bundle, args);
          // On a terminal it asks for the project.
          else if (args[0] === "link") await link(supabase, project);
          else await supabase(bundle, ...args);
        }
        assertEquals([...api.uploads.keys()].sort(), [...FUNCTIONS]);
        assertEquals(api.secrets.get("POWERSYNC_URL"), POWERSYNC_URL);
      },
    );

    await t.step(
      "all of the project's functions deploy together, the gateway's check as each wants it",
      async () => {
        await supabase(project, "functions", "deploy", "--use-api");
        assertEquals([...api.uploads.keys()].sort(), ["hello", ...FUNCTIONS]);
        for (const slug of FUNCTIONS) assertEquals(api.uploads.get(slug)?.metadata.verify_jwt, false);
        assert(api.uploads.get("hello")?.metadata.verify_jwt !== false);
        assertEquals([...api.uploads.get("hello")?.files.keys() ?? []].sort(), Object.keys(THEIRS).sort());
      },
    );

    await using supabaseProject = startSupabaseProject();
    const env = { ...supabaseProject.env, ...Object.fromEntries(api.secrets) };

    await t.step("from what was uploaded, theirs and ours run on Deno 2.1.4", async () => {
      await using functions = await startAll(api, { folder: join(folder, "running"), env });
      assertEquals(await (await fetch(functions.url("hello"))).text(), "Hello from their own function");
      await assertContract(functions);
    });

    await t.step(
      "the page's commands check and serve a function, in the root and in its folder",
      async () => {
        const [inRoot, inFunction] = shellOf(PAGE).split("\n").filter((line) =>
          /^deno (check|serve)/.test(line)
        )
          .reduce<[string[], string[]]>(
            ([root, own], line) =>
              line.includes("supabase/") ? [[...root, line], own] : [root, [...own, line]],
            [[], []],
          );
        for (
          const [cwd, lines] of [[project, inRoot], [
            join(project, "supabase/functions/powersync-auth"),
            inFunction,
          ]] as const
        ) {
          assertEquals(
            lines.map((line) => line.split(" ")[1]),
            ["check", "serve"],
          );
          for (const line of lines) {
            const args = line.split(" ").slice(1);
            if (args[0] === "check") await run(cwd, args);
            else await assertServes(cwd, args);
          }
        }
      },
    );

    await t.step(
      "an old claims.ts with a helper works after an update; copies and the record are not deployed",
      async () => {
        const mine = {
          [`${SHARED}/claims.ts`]: OLD_CLAIMS,
          [`${SHARED}/plan.ts`]: 'export const plan = "pro";\n',
        };
        await writeTree(project, {
          ...mine,
          "supabase/functions/powersync-auth/index.ts": "import './gone.ts';\n",
        });
        const changed = `${await Deno.readTextFile(join(bundle, SHARED, "once.ts"))}// A newer version.\n`;
        await writeTree(bundle, { [`${SHARED}/once.ts`]: changed });
        await run(bundle, ["task", "add", "--", "../my project", "--force"]);
        const after = await readTree(project);
        assertEquals(after.get("supabase/functions/powersync-auth/index.ts.orig"), "import './gone.ts';\n");
        for (const [path, text] of Object.entries({ ...THEIRS, ...THEIR_ROOT, ...mine })) {
          assertEquals(after.get(path), text);
        }

        await supabase(project, "functions", "deploy", "--use-api");
        const uploaded = [...api.uploads.values()].flatMap(({ files }) => [...files.keys()]);
        assert(uploaded.includes(`${SHARED}/plan.ts`));
        assertEquals(uploaded.filter((path) => /\.orig|powersync-functions/.test(path)), []);
        await using functions = await startAll(api, { folder: join(folder, "updated"), env });
        const signedIn = await fetch(functions.url("powersync-auth"), {
          headers: { authorization: `Bearer ${await userToken()}` },
        });
        const { token } = (await answer(signedIn)).body;
        assertEquals(
          JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).plan,
          "pro",
        );
        const { status, body } = await answer(
          await fetch(functions.url("powersync-auth-anonymous"), { headers: { apikey: PUBLISHABLE_KEY } }),
        );
        assertEquals([status, body.code, body.message, body.hint], [
          403,
          "CLAIMS_REFUSED",
          "Sign in first.",
          "Open the sign-in page.",
        ]);
      },
    );
  });
});

/** The words of the commands that a text numbers. */
function printedCommands(text: string): string[][] {
  // A reader who has Deno from npx gets `npx -y deno@2` for `deno`.
  const numbered = text.replaceAll("npx -y deno@2 ", "deno ").matchAll(/^ +\d+\. [^:]+: +(.+)$/gm);
  const lines = [...numbered].map(([, command = ""]) => command);
  assert(lines.length >= 8, text);
  return lines.map((line) => (line.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^'|'$/g, "")));
}

async function run(cwd: string, args: readonly string[]): Promise<string> {
  return await mustRun(Deno.execPath(), args, { cwd });
}

/** `deno serve` says where it listens once the function is loaded. */
async function assertServes(cwd: string, [serve = "", ...args]: readonly string[]): Promise<void> {
  const process = new Deno.Command(Deno.execPath(), {
    args: [serve, "--host=127.0.0.1", "--port=0", ...args],
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let said = "";
  for await (const text of process.stderr.pipeThrough(new TextDecoderStream())) {
    said += text;
    if (said.includes("Listening on")) process.kill("SIGTERM");
  }
  await process.status;
  assertMatch(said, /Listening on http:\/\/127\.0\.0\.1:\d+/);
}
