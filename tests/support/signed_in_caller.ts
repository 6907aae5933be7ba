import { assert, assertEquals } from "@std/assert";
import type { JWTPayload } from "jose";
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
}

/**
 * Starts powersync-auth in a project.
 *
 * @returns A clock that can be moved, and a function from an `Authorization` header to the answer's status and code.
 */
export function startAuth(
  auth: Pick<AuthStandIn, "url">,
  { inline = [], environment = {} }: StartOptions = {},
): { clock: { ms: number }; code: (authorization: string) => Promise<string> } {
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
    now: () => clock.ms,
  });
  const code = async (authorization: string): Promise<string> => {
    const request = new Request("http://localhost/powersync-auth", {
      headers: { Authorization: authorization },
    });
    const response = await handle(request);
    const { status, body } = await read(response);
    if (status === 401) assertEquals(response.headers.get("WWW-Authenticate"), "Bearer");
    if (status === 503) assert(Number(response.headers.get("Retry-After")) >= 1);
    return status === 200 ? "200" : `${status} ${body.code}`;
  };
  return { clock, code };
}

/** The header of a user whose token says what `userClaims` says, but for the changes. */
export async function bearer(claims: JWTPayload = {}, key: TestKey = userKeys.ES256): Promise<string> {
  return `Bearer ${await sign(userClaims(claims), { key })}`;
}
