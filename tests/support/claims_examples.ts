/** The files for claims.ts that the documents show, as somebody pastes them. */
import { join } from "node:path";
import { blocksOf } from "./documents.ts";
import { CLAIMS_FOLDER } from "./own_claims.ts";

/** An example: `claims.ts`, and files beside it. */
export interface ClaimsExample {
  readonly page: string;
  readonly name: string;
  /** Contents by file name. */
  readonly files: ReadonlyMap<string, string>;
}

/** The examples of a document: blocks with a comment before them, `<!-- claims.ts: name -->`. */
export function examplesOf(page: string): ClaimsExample[] {
  const marked = blocksOf(page).flatMap(({ marker, text }) => {
    const [, file, name] = /^(\w+\.ts): ([\w-]+)$/.exec(marker ?? "") ?? [];
    return file === undefined || name === undefined ? [] : [{ file, name, text }];
  });
  return [...Map.groupBy(marked, ({ name }) => name)].map(([name, blocks]) => ({
    page,
    name,
    files: new Map(blocks.map(({ file, text }) => [file, text])),
  }));
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
