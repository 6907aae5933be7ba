/** A fresh project of the real CLI, with functions of its own: the way from `add` to running functions. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { decodeJwt } from "jose";
import { join } from "node:path";
import { answer } from "../support/answer.ts";
import { copyBundle, FUNCTIONS, POWERSYNC_URL } from "../support/bundle.ts";
import { assertContract, startAll, startSupabaseProject } from "../support/deployed_functions.ts";
import { shellOf } from "../support/documents.ts";
import { readTree, writeTree } from "../support/file_tree.ts";
import { bearer } from "../support/functions.ts";
import { PROJECT_REF, startManagementApi } from "../support/management_api.ts";
import { printed } from "../support/printed_command.ts";
import { PUBLISHABLE_KEY, userToken } from "../support/project.ts";
import { inFolder } from "../support/run_script.ts";
import { cliEnvironment } from "../support/supabase_cli.ts";

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
    const env = await cliEnvironment(api, cli);
    const run = (command: string, cwd = bundle) => printed(command, { cwd, env });
    await run("supabase init --yes", project);
    await writeTree(project, { ...THEIRS, ...THEIR_ROOT });
    const before = await readTree(project);
    const said = await run("deno task add -- '../my project'");

    await t.step("nothing of theirs is touched: config.toml grows at its end, the rest stays", async () => {
      const after = await readTree(project);
      for (const [path, content] of before) {
        if (path === "supabase/config.toml") assert(after.get(path)?.startsWith(content));
        else assertEquals(after.get(path), content, path);
      }
      assertMatch(await run("deno task add -- '../my project' --check"), /functions of version/);
    });

    await t.step(
      "the commands that it prints create the secrets, link, deploy the three, and leave theirs",
      async () => {
        const commands = [...said.matchAll(/^ +\d+\. [^:]+: +(.+)$/gm)].map(([, command = ""]) => command);
        assert(commands.length >= 8, said);
        for (const command of commands) {
          if (/ task (dev|doctor)\b|^supabase login/.test(command)) continue;
          // What a person would answer.
          const answers = /^supabase link/.test(command) ? ` --project-ref ${PROJECT_REF} --yes` : " --yes";
          const given = command.replace(/https:\/\/<[^' ]*/, POWERSYNC_URL);
          await run(command.startsWith("supabase") ? `${given}${answers}` : given);
        }
        assertEquals([...api.uploads.keys()].sort(), [...FUNCTIONS]);
        assertEquals(api.secrets.get("POWERSYNC_URL"), POWERSYNC_URL);
      },
    );

    await t.step(
      "all of the project's functions deploy together, the gateway's check as each wants it",
      async () => {
        await run("supabase functions deploy --use-api --yes", project);
        assertEquals([...api.uploads.keys()].sort(), ["hello", ...FUNCTIONS]);
        for (const slug of FUNCTIONS) assertEquals(api.uploads.get(slug)?.metadata.verify_jwt, false);
        assert(api.uploads.get("hello")?.metadata.verify_jwt !== false);
        assertEquals([...api.uploads.get("hello")?.files.keys() ?? []].sort(), Object.keys(THEIRS).sort());
      },
    );

    await using supabaseProject = startSupabaseProject();
    const deployed = { ...supabaseProject.env, ...Object.fromEntries(api.secrets) };

    await t.step("from what was uploaded, theirs and ours run on Deno 2.1.4", async () => {
      await using functions = await startAll(api, { folder: join(folder, "running"), env: deployed });
      assertEquals(await (await fetch(functions.url("hello"))).text(), "Hello from their own function");
      await assertContract(functions);
    });

    await t.step(
      "the page's commands check and serve a function, in the root and in its folder",
      async () => {
        const lines = shellOf(PAGE).split("\n").filter((line) => /^deno (check|serve)/.test(line));
        const inFunction = join(project, "supabase/functions/powersync-auth");
        for (const [cwd, isThere] of [[project, true], [inFunction, false]] as const) {
          const own = lines.filter((line) => line.includes("supabase/") === isThere);
          assertEquals(own.map((line) => line.split(" ")[1]), ["check", "serve"]);
          await run(own[0] ?? "", cwd);
          await assertServes(cwd, (own[1] ?? "").split(" ").slice(2));
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
        await run("deno task add -- '../my project' --force");
        const after = await readTree(project);
        assertEquals(after.get("supabase/functions/powersync-auth/index.ts.orig"), "import './gone.ts';\n");
        for (const [path, text] of Object.entries({ ...THEIRS, ...THEIR_ROOT, ...mine })) {
          assertEquals(after.get(path), text);
        }

        await run("supabase functions deploy --use-api --yes", project);
        const uploaded = [...api.uploads.values()].flatMap(({ files }) => [...files.keys()]);
        assert(uploaded.includes(`${SHARED}/plan.ts`));
        assertEquals(uploaded.filter((path) => /\.orig|powersync-functions/.test(path)), []);
        await using functions = await startAll(api, { folder: join(folder, "updated"), env: deployed });
        const apikey = PUBLISHABLE_KEY;
        const call = async (name: string, headers: Record<string, string>) =>
          await answer(await fetch(functions.url(name), { headers }));
        const signedIn = await call("powersync-auth", bearer(await userToken()));
        assertEquals(decodeJwt(signedIn.body.token).plan, "pro");
        const { status, body: { code, message, hint } } = await call("powersync-auth-anonymous", { apikey });
        const expected = [403, "CLAIMS_REFUSED", "Sign in first.", "Open the sign-in page."];
        assertEquals([status, code, message, hint], expected);
      },
    );
  });
});

/** `deno serve` says where it listens once the function is loaded. */
async function assertServes(cwd: string, args: readonly string[]): Promise<void> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["serve", "--host=127.0.0.1", "--port=0", ...args],
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
