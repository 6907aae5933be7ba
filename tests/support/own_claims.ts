import { join } from "node:path";

/** Where `claims.ts` is in a project. */
export const CLAIMS_FOLDER = "supabase/functions/_shared/powersync";

/**
 * Puts the tests' own claims in place in a copy of the project: the repository's are there to be edited, and an edit
 * must not break a test.
 */
export async function putOwnClaims(project: string): Promise<void> {
  await Deno.copyFile(new URL("./claims.ts", import.meta.url), join(project, CLAIMS_FOLDER, "claims.ts"));
}
