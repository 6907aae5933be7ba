import { assert, assertEquals } from "@std/assert";
import type { JWTPayload } from "jose";
import type { VerifiedUser } from "../../supabase/functions/_shared/powersync/user.ts";
import { powersyncAuth } from "../../supabase/functions/powersync-auth/index.ts";
import { type AuthStandIn, base64, POWERSYNC_URL, PUBLISHABLE_KEY, read, userClaims } from "./project.ts";
import { makeKey, sign, type TestKey } from "./signing.ts";

const signing = await makeKey("EdDSA", "powersync-0123456789");

/** The signing keys of a Supabase project. */
export const userKeys = {
  ES256: await makeKey("ES256", "es"),
  RS256: await makeKey("RS256", "rs"),
  EdDSA: await makeKey("EdDSA", "ed"),
};

/** What a test changes of the project. */
export interface StartOptions {
  /** The keys in `SUPABASE_JWKS`. */
  readonly inline?: readonly TestKey[];
  readonly environment?: Record<string, string>;
  /** What stands in claims.ts; anything at all, because it is to be checked. */
  readonly claims?: (user: VerifiedUser) => unknown;
}

/** What startAuth gives a test. */
export interface StartedAuth {
  /** Can be moved; milliseconds since 1970. */
  readonly clock: { ms: number };
  /** Sends a GET with an `Authorization` header. */
  readonly send: (authorization: string) => Promise<Response>;
  /** The same, reduced to "200" or the status and the code. */
  readonly code: (authorization: string) => Promise<string>;
}

/** Starts powersync-auth in a project. */
export function startAuth(
  auth: Pick<AuthStandIn, "url">,
  { inline = [], environment = {}, claims = ({ id }) => ({ sub: id }) }: StartOptions = {},
): StartedAuth {
  const clock = { ms: Date.now() };
  const handle = powersyncAuth({
    environment: () => ({
      POWERSYNC_PRIVATE_KEY: base64(signing.privateJwk),
      POWERSYNC_URL,
      SUPABASE_URL: auth.url,
      SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: PUBLISHABLE_KEY }),
      SUPABASE_JWKS: JSON.stringify({ keys: inline.map(({ publicJwk }) => publicJwk) }),
      ...environment,
    }),
    // deno-lint-ignore no-explicit-any -- hostile claims are of any type
    claims: claims as any,
    now: () => clock.ms,
  });
  const send = (authorization: string) =>
    handle(new Request("http://localhost/powersync-auth", { headers: { Authorization: authorization } }));
  const code = async (authorization: string): Promise<string> => {
    const response = await send(authorization);
    const { status, body } = await read(response);
    if (status === 401) assertEquals(response.headers.get("WWW-Authenticate"), "Bearer");
    if (status === 503) assert(Number(response.headers.get("Retry-After")) >= 1);
    return status === 200 ? "200" : `${status} ${body.code}`;
  };
  return { clock, send, code };
}

/** The header of a user whose token says what `userClaims` says, but for the changes. */
export async function bearer(claims: JWTPayload = {}, key: TestKey = userKeys.ES256): Promise<string> {
  return `Bearer ${await sign(userClaims(claims), { key })}`;
}
