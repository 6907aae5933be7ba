/** The files for claims.ts that the documents show, as somebody pastes them. */
import { join } from "node:path";
import { readPage } from "./bundle.ts";
import { CLAIMS_FOLDER } from "./own_claims.ts";

/** An example: `claims.ts`, and files beside it. */
export interface ClaimsExample {
  readonly page: string;
  readonly name: string;
  /** Contents by file name. */
  readonly files: ReadonlyMap<string, string>;
}

/** A block and the comment before it: `<!-- claims.ts: name -->`. */
const MARKED = /^<!-- (\w+\.ts): ([\w-]+) -->\n+```ts\n(.*?)^```$/gms;

/** The examples of a document. */
export async function examplesOf(page: string): Promise<ClaimsExample[]> {
  const examples = new Map<string, Map<string, string>>();
  for (const [, file = "", name = "", text = ""] of (await readPage(page)).matchAll(MARKED)) {
    const files = examples.get(name) ?? new Map();
    examples.set(name, files.set(file, text));
  }
  return [...examples].map(([name, files]) => ({ page, name, files }));
}

/** The example of that name. */
export async function exampleNamed(page: string, name: string): Promise<ClaimsExample> {
  const example = (await examplesOf(page)).find((one) => one.name === name);
  if (example === undefined) throw new Error(`${page} has no example ${name}.`);
  return example;
}

/** Puts an example in place in a project. */
export async function putInPlace({ files }: ClaimsExample, project: string): Promise<void> {
  for (const [name, text] of files) await Deno.writeTextFile(join(project, CLAIMS_FOLDER, name), text);
}
