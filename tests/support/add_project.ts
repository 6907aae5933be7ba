/** A project of somebody's own, and a clone of this repository that brings the functions into it. */
import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { main } from "../../scripts/add.ts";
import { readBundle } from "../../scripts/add/bundle.ts";
import { callCommand } from "./call_command.ts";
import { readTree, writeTree } from "./file_tree.ts";
import type { Ran } from "./run_script.ts";

const BUNDLE = await readBundle(fileURLToPath(new URL("../../", import.meta.url)));

/** As `supabase init` writes it, in parts, and with what a project adds. */
export const CONFIG = `# For detailed configuration reference documentation, visit:
project_id = "mine"

[api]
enabled = true
# Port to use for the API URL.
port = 54321

[functions.hello]
verify_jwt = true # theirs
`;

/** Where the functions' shared files are. */
export const SHARED = "supabase/functions/_shared/powersync";
export const CLAIMS = `${SHARED}/claims.ts`;
export const JWKS = "supabase/functions/powersync-jwks/index.ts";
export const RECORD = "supabase/powersync-functions.json";
export const CONFIG_FILE = "supabase/config.toml";

/** A tree without some of its files. */
export function without(tree: ReadonlyMap<string, string>, ...paths: string[]): Map<string, string> {
  return new Map([...tree].filter(([path]) => !paths.includes(path)));
}

/** A project beside a clone, for one test: `await using project = await AddProject.make();`. */
export class AddProject implements AsyncDisposable {
  /** The clone's folder. */
  readonly root: string;
  /** The project's folder; its name has a space. */
  readonly folder: string;

  private constructor(readonly outer: string) {
    this.root = join(outer, "clone");
    this.folder = join(outer, "my app");
  }

  static async make(): Promise<AddProject> {
    const project = new AddProject(await Deno.makeTempDir());
    await project.release("1.0.0", Object.fromEntries(BUNDLE.files));
    await project.write({ [CONFIG_FILE]: CONFIG });
    return project;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.outer, { recursive: true });
  }

  /** Runs the clone's \`add\` on the project. */
  add(...flags: string[]): Promise<Ran> {
    return callCommand((args) => main(args, { root: this.root }), [this.folder, ...flags]);
  }

  /** The same, which must succeed. Returns what it prints. */
  async added(...flags: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.add(...flags);
    assertEquals([code, stderr], [0, ""]);
    return stdout;
  }

  /** Everything in the project's folder. */
  tree(): Promise<Map<string, string>> {
    return readTree(this.folder);
  }

  /** Writes files of the project. */
  write(files: Readonly<Record<string, string>>): Promise<void> {
    return writeTree(this.folder, files);
  }

  /** Writes files of the clone, as a newer version has them. */
  release(version: string, files: Readonly<Record<string, string>>): Promise<void> {
    return writeTree(this.root, { "deno.json": JSON.stringify({ version }), ...files });
  }
}
