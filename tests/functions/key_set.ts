import { assertEquals } from "@std/assert";
import { keySet, KeysUnavailable } from "../../supabase/functions/_shared/powersync/key-set.ts";
import type { AuthStandIn } from "../support/auth_stand_in.ts";
import type { TestKey } from "../support/signing.ts";

interface StartOptions {
  readonly inline?: readonly TestKey[];
  readonly locate?: () => string;
  readonly patienceMs?: number;
}

/** The key set of a stand-in, with a clock that a test moves. */
export function startKeySet(auth: AuthStandIn, { inline = [], ...options }: StartOptions = {}) {
  const clock = { ms: 1_800_000_000_000 };
  const keys = keySet({
    locate: () => `${auth.url}/auth/v1/.well-known/jwks.json`,
    inline: inline.map(({ publicJwk }) => publicJwk),
    now: () => clock.ms,
    limits: { timeoutMs: 20_000 },
    ...options,
  });
  /** "found", why not, or "unavailable". */
  const find = async (kid = "project-ec", alg = "ES256"): Promise<string> => {
    try {
      const found = await keys({ alg, kid });
      return typeof found === "string" ? found : "found";
    } catch (error) {
      if (error instanceof KeysUnavailable) return "unavailable";
      throw error;
    }
  };
  /** Waits for a fetch that is under way, as a token with an unknown key ID does. */
  const settle = () => find("unknown");
  /** In this time after the step before, a key is found or not, and the set was fetched so often. */
  const steps = async (
    ...list: [afterMs: number, kid: string | undefined, found: string, fetches: number][]
  ) => {
    for (const [number, [afterMs, kid, found, fetches]] of list.entries()) {
      clock.ms += afterMs;
      assertEquals([number, await find(kid), auth.calls.jwks], [number, found, fetches]);
    }
  };
  return { clock, keys, find, settle, steps };
}

/** Lets the set's server keep its next requests, until they are released. */
export function hang(auth: AuthStandIn, answer: () => Response) {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>();
  auth.jwks = async () => {
    isAsked();
    await released;
    return answer();
  };
  return { asked, release };
}
