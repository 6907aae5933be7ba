import { PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";
import { type KeyRing, loadKeyRing, signingKeyAt } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets } from "../../supabase/functions/_shared/powersync/settings.ts";
import { CommandError } from "../cli/command.ts";
import { audiencesOf } from "../setup/audience.ts";
import { clientAuthYaml } from "../setup/client-auth.ts";
import { readEnvFile } from "../setup/env-file.ts";
import { inspect } from "../setup/inspect.ts";
import { DEVELOPMENT_SECRET_KEY, type Platform } from "../setup/platform.ts";
import { jwksUrlOf } from "../setup/project-url.ts";
import type { Functions } from "./functions.ts";

/** What the page shows. */
export interface PageOptions {
  readonly origin: string;
  /** Starts this server again, at the same address. */
  readonly command: string;
  readonly platform: Platform;
  /** The `.env` file with the signing keys. */
  readonly envFile: string;
  readonly functions: Pick<Functions, "fetch" | "status">;
}

/** One for each start: the users and sessions of a development Auth end with it. */
const INSTANCE = crypto.randomUUID();

/** Everything that the page shows of the server. A broken `.env` or secret is its `problem`. */
export async function pageState(options: PageOptions) {
  const { command, platform, functions } = options;
  const { supabaseUrl, publishableKey, isDevelopmentAuth } = platform;
  return {
    instance: INSTANCE,
    command,
    supabaseUrl,
    publishableKey,
    isDevelopmentAuth,
    // The development Auth's secret key is known to everybody; a project's is never here.
    ...isDevelopmentAuth ? { secretKey: DEVELOPMENT_SECRET_KEY } : {},
    functions: functions.status(),
    ...await secretsState(options).catch((error) => ({ problem: problemOf(error, command) })),
  };
}

async function secretsState({ origin, platform: { supabaseUrl }, envFile }: PageOptions) {
  const variables = await readEnvFile(envFile) ?? {};
  const ring = await loadKeyRing(readKeySecrets(variables));
  return {
    keys: listedKeys(ring, Date.now() / 1000),
    problems: await inspect(variables, { place: "local", supabaseUrl }),
    clientAuth: clientAuthYaml({ audiences: audiencesOf(variables, []), jwksUri: jwksUrlOf(origin) }),
  };
}

/** What is wrong with the `.env` file. The functions' own hint is for a deployment: this one is for the file here. */
export function problemOf(error: unknown, command: string) {
  if (error instanceof CommandError) return { message: error.message };
  if (!(error instanceof PowerSyncAuthError)) throw error;
  const { code, message } = error;
  const remedy = `Or delete it and start \`${command}\` again, which writes a new one.`;
  return { code, message, hint: `Correct that line in \`supabase/functions/.env\`. ${remedy}` };
}

/**
 * The published keys and the role of each: it `signs` new tokens, it `starts` to at `startsAt`, or it only `verifies`
 * tokens made earlier or elsewhere.
 *
 * @param ring The keys.
 * @param now Seconds since 1970.
 * @throws {PowerSyncAuthError} No key can sign.
 */
export function listedKeys(ring: KeyRing, now: number) {
  const { kid: signing } = signingKeyAt(ring, now);
  return ring.published.map(({ kid, alg }) => {
    const startsAt = ring.signing.find((key) => key.kid === kid)?.notBefore;
    const isLater = startsAt !== undefined && startsAt > now;
    return { kid, alg, role: kid === signing ? "signs" : isLater ? "starts" : "verifies", startsAt };
  });
}
