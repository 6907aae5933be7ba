/**
 * Makes the key that signs PowerSync tokens, or its successor, and prints what to do with it. Printing needs no
 * permission: `deno run scripts/generate-keys.ts`.
 */
import type { Algorithm } from "../supabase/functions/_shared/powersync/jwk.ts";
import { CommandError, runCommand } from "./cli/command.ts";
import { parseDuration } from "./cli/duration.ts";
import { readFlags } from "./cli/flags.ts";
import { KEY_ALGORITHMS } from "./keys/key-pair.ts";
import { planReplacement } from "./keys/leaked.ts";
import { type KeyReport, makeKey, planFirstKey } from "./keys/make-key.ts";
import { reportText } from "./keys/report.ts";
import { reportJson } from "./keys/report-json.ts";
import { planRotation } from "./keys/rotate.ts";
import { MAX_LEAD_SECONDS, ROTATION_LEAD_SECONDS } from "./keys/rotation.ts";
import { isSigningSecretName } from "./keys/secret-names.ts";
import { storeSharedKey } from "./keys/store-shared-key.ts";
import { findProject } from "./setup/project.ts";
import { openProject } from "./setup/project-folder.ts";
import { fetchJwks, keyIdsOf } from "./setup/remote-jwks.ts";

const HELP = `Creates the key pair that signs PowerSync tokens.

  deno task keys                                prints both halves and the commands that set them
  deno task keys -- --env-file .env.production  writes them to a file instead: the terminal never shows a private key
  deno task keys -- --rotate                    adds a new key that takes over without a refused token

  --alg ALG          ${KEY_ALGORITHMS.join(", ")} (default ${KEY_ALGORITHMS[0]});
                     HS256 makes a shared secret for development, in supabase/functions/.env
  --kid KID          Key ID (default: powersync- and the start of the key's thumbprint; dev- in supabase/functions/.env)
  --env-file PATH    write to this file; keeps its other lines
  --force            replace the keys that are in the file
  --dir PROJECT      another project's folder, with supabase/ in it; paths are relative to it
  --json             print JSON
  --rotate           add a new key in another secret; the old key signs until the new one starts
  --starts-in TIME   when the new key starts to sign: 75m (default), 2h, …, or now
  --leaked           the old key has leaked: the new key signs now, and the old one is removed from the file
  --replaces NAME    the old key's secret (default POWERSYNC_PRIVATE_KEY, or the one in the file)
  --token-ttl SEC    POWERSYNC_TOKEN_TTL, if it is set but not in the file (default 300)
  --jwks-url URL     check the published keys first
  --help`;

/** Reads the flags and runs the command that they ask for. */
export async function main(args: readonly string[]): Promise<void> {
  const flags = readFlags(args, {
    alg: { type: "string" },
    kid: { type: "string" },
    dir: { type: "string" },
    "env-file": { type: "string" },
    force: { type: "boolean" },
    json: { type: "boolean" },
    rotate: { type: "boolean" },
    "starts-in": { type: "string" },
    replaces: { type: "string" },
    "token-ttl": { type: "string" },
    leaked: { type: "boolean" },
    "jwks-url": { type: "string" },
  });
  if (flags.help) return console.log(HELP);
  const rotationFlag = (["starts-in", "replaces", "token-ttl", "leaked"] as const).find((name) =>
    flags[name] !== undefined
  );
  if (rotationFlag !== undefined && !flags.rotate) {
    throw new CommandError(`--${rotationFlag} needs --rotate.`);
  }
  const waiting = (["starts-in", "token-ttl"] as const).find((name) => flags[name] !== undefined);
  if (flags.leaked && waiting !== undefined) {
    throw new CommandError(`--leaked does not wait for old tokens: leave --${waiting} out.`);
  }
  const kid = readKeyId(flags.kid);
  const invocation = await openProject(flags.dir);
  const envFile = flags["env-file"] && invocation.path(flags["env-file"]);
  if (flags.alg === "HS256") {
    if (flags.rotate) throw new CommandError("A shared secret cannot be rotated: replace it with --force.");
    const { force = false, json = false } = flags;
    return console.log(await storeSharedKey({ kid, envFile, force, json, invocation }));
  }
  const request = {
    alg: readAlgorithm(flags.alg),
    kid,
    envFile,
    live: await readLiveJwks(flags["jwks-url"], kid),
    invocation,
    ref: (await findProject(undefined, invocation))?.ref,
    nowSeconds: Math.floor(Date.now() / 1000),
    leadSeconds: readLead(flags["starts-in"]),
    replaces: readReplaced(flags.replaces),
    tokenLifetimeSeconds: readLifetime(flags["token-ttl"]),
  };
  const report = await makeKey(
    request,
    (file) =>
      flags.leaked
        ? planReplacement(file, request)
        : flags.rotate
        ? planRotation(file, request)
        : planFirstKey(file, flags),
  );
  console.log(flags.json ? reportJson(report) : reportText(report));
}

function readAlgorithm(text: string = KEY_ALGORITHMS[0]): Algorithm {
  const alg = KEY_ALGORITHMS.find((name) => name === text);
  if (alg !== undefined) return alg;
  throw new CommandError(`--alg must be one of ${KEY_ALGORITHMS.join(", ")}, HS256.`);
}

function readKeyId(text: string | undefined): string | undefined {
  if (text === undefined || /^[\x21-\x7e]{1,256}$/.test(text)) return text;
  throw new CommandError("--kid must be 1 to 256 printable characters without spaces.");
}

/** What the live JWKS shows: PowerSync would keep a key that it knows by the same Key ID. */
async function readLiveJwks(url: string | undefined, kid: string | undefined): Promise<KeyReport["live"]> {
  if (url === undefined) return undefined;
  const keyIds = keyIdsOf(await fetchJwks(url));
  if (kid === undefined || !keyIds.includes(kid)) return { url, keyIds };
  throw new CommandError(`The kid ${kid} is already published: choose another, or leave --kid out.`);
}

function readLead(text: string | undefined): number {
  if (text === undefined) return ROTATION_LEAD_SECONDS;
  const seconds = text === "now" ? 0 : parseDuration(text);
  if (seconds !== undefined && seconds <= MAX_LEAD_SECONDS) return seconds;
  throw new CommandError("--starts-in must be `now` or a time of up to 30 days such as 75m or 2h.");
}

function readReplaced(name: string | undefined): string | undefined {
  if (name === undefined || isSigningSecretName(name)) return name;
  throw new CommandError(
    "--replaces must name a signing key: POWERSYNC_PRIVATE_KEY or POWERSYNC_PRIVATE_KEY_….",
  );
}

function readLifetime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = parseDuration(text);
  if (seconds !== undefined && seconds >= 60 && seconds <= 86_400) return seconds;
  throw new CommandError("--token-ttl must be 60 to 86400 seconds.");
}

if (import.meta.main) Deno.exit(await runCommand(() => main(Deno.args)));
