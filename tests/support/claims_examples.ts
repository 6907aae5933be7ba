/** The files for claims.ts that the documents show, as somebody pastes them. */
import { join } from "node:path";
import { CLAIMS_FOLDER } from "./bundle.ts";
import { blocksOf } from "./documents.ts";

/** An example: `claims.ts`, and files beside it. */
export interface ClaimsExample {
  readonly page: string;
  readonly name: string;
  /** Contents by file name. */
  readonly files: ReadonlyMap<string, string>;
}

/** The examples of a document: blocks after a comment `claims.ts: name`. */
export function examplesOf(page: string): ClaimsExample[] {
  const examples = new Map<string, Map<string, string>>();
  for (const { language, marker = "", text } of blocksOf(page)) {
    const [, file, name] = /^(\w+\.ts): ([\w-]+)$/.exec(marker) ?? [];
    if (language !== "ts" || file === undefined || name === undefined) continue;
    examples.set(name, (examples.get(name) ?? new Map()).set(file, text));
  }
  return [...examples].map(([name, files]) => ({ page, name, files }));
}

/** The example of that name. */
export function exampleNamed(page: string, name: string): ClaimsExample {
  const example = examplesOf(page).find((one) => one.name === name);
  if (example === undefined) throw new Error(`${page} has no example ${name}.`);
  return example;
}

/** Puts an example in place in a project. */
export async function putInPlace({ files }: ClaimsExample, project: string): Promise<void> {
  for (const [name, text] of files) await Deno.writeTextFile(join(project, CLAIMS_FOLDER, name), text);
}
