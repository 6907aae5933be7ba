import { SignJWT } from "jose";
import { Buffer } from "node:buffer";
import { PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";
import { loadKeyRing, publicJwks, signingKeyAt } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets, readSetting } from "../../supabase/functions/_shared/powersync/settings.ts";
import { signToken } from "../../supabase/functions/_shared/powersync/token.ts";
import { CommandError } from "../cli/command.ts";
import type { Invocation } from "../cli/invocation.ts";
import { checkToken } from "../powersync/check-token.ts";
import { verdictOf } from "../powersync/result.ts";
import type { EnvVariables } from "../setup/env-file.ts";
import { readSharedKey, SHARED_KEY_NAME } from "../setup/shared-key.ts";

/** The content of a development token, and the file with the key that signs it. */
export interface DevelopmentTokenRequest {
  /** The `.env` file's variables. */
  readonly variables: EnvVariables;
  /** Its path, for messages. */
  readonly envFile: string;
  readonly invocation: Invocation;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly audiences: readonly [string, ...string[]];
  readonly lifetimeSeconds: number;
  readonly nowSeconds: number;
}

/** A token and the key that verifies it. */
export interface DevelopmentToken {
  readonly token: string;
  readonly kid: string;
  readonly alg: string;
}

/**
 * A token signed with the key that the functions would sign with.
 *
 * @throws {CommandError} The file has no usable key, or PowerSync would refuse the token.
 */
export async function signWithFunctionsKey(request: DevelopmentTokenRequest): Promise<DevelopmentToken> {
  const { variables, envFile, invocation, nowSeconds, lifetimeSeconds } = request;
  try {
    const ring = await loadKeyRing(readKeySecrets(variables));
    const key = signingKeyAt(ring, nowSeconds);
    const { token } = await signToken(JSON.stringify(request.claims), {
      key,
      audience: audienceOf(request),
      issuer: readSetting(variables, "POWERSYNC_ISSUER"),
      lifetimeSeconds,
      now: nowSeconds,
    });
    await assertAccepted(token, { request, keys: { jwks: publicJwks(ring) } });
    return { token, kid: key.kid, alg: key.alg };
  } catch (error) {
    if (!(error instanceof PowerSyncAuthError)) throw error;
    if (error.code !== "POWERSYNC_PRIVATE_KEY_MISSING") {
      throw new CommandError(`${error.message} (${envFile})`);
    }
    throw new CommandError(
      `There is no signing key in ${envFile}. This creates one: ${
        invocation.task("keys", ...invocation.envFile(envFile))
      }`,
    );
  }
}

/**
 * A token signed with the shared secret for self-hosted development.
 *
 * @throws {CommandError} The file has no shared secret, or PowerSync would refuse the token.
 */
export async function signWithSharedKey(request: DevelopmentTokenRequest): Promise<DevelopmentToken> {
  const { variables, envFile, invocation, nowSeconds, lifetimeSeconds } = request;
  const value = variables[SHARED_KEY_NAME]?.trim() ?? "";
  const key = readSharedKey(value);
  if (key === undefined) {
    const state = value === "" ? "is not set" : "is not an HS256 key";
    const force = value === "" ? [] : ["--force"];
    throw new CommandError(
      `${SHARED_KEY_NAME} ${state} in ${envFile}. This creates one: ${
        invocation.task("keys", "--alg", "HS256", ...force, ...invocation.envFile(envFile))
      }`,
    );
  }
  const issued = { iss: readSetting(variables, "POWERSYNC_ISSUER"), aud: audienceOf(request) };
  const times = { iat: nowSeconds, exp: nowSeconds + lifetimeSeconds };
  const token = await new SignJWT({ ...request.claims, ...issued, ...times })
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: "JWT" })
    .sign(Buffer.from(key.k, "base64url"));
  await assertAccepted(token, { request, keys: { staticJwks: { keys: [key] } } });
  return { token, kid: key.kid, alg: key.alg };
}

function audienceOf(
  { audiences: [first, ...others] }: DevelopmentTokenRequest,
): string | [string, ...string[]] {
  return others.length === 0 ? first : [first, ...others];
}

/** A token that PowerSync would refuse is not printed. */
async function assertAccepted(
  token: string,
  { request, keys }: { request: DevelopmentTokenRequest; keys: { jwks: unknown } | { staticJwks: unknown } },
): Promise<void> {
  const { audiences, nowSeconds } = request;
  const { outcome, because } = verdictOf(await checkToken(token, { ...keys, audiences, nowSeconds }));
  if (outcome === "refused") {
    throw new CommandError(
      `PowerSync would refuse the token (${because?.code}): ${because?.seen} ${because?.fix}`,
    );
  }
}
