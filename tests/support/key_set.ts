/** A key set of the core, whose JWKS a stand-in answers. */
import { keySet, KeysUnavailable } from "../../supabase/functions/_shared/powersync/key-set.ts";
import type { AuthStandIn } from "./auth_stand_in.ts";
import type { TestKey } from "./signing.ts";

interface StartOptions {
  readonly inline?: readonly TestKey[];
  readonly locate?: () => string | Promise<string>;
  readonly patienceMs?: number;
}

/** The key set of a stand-in, with a clock that a test moves. */
export function startKeySet(
  auth: Pick<AuthStandIn, "url">,
  { inline = [], locate, ...options }: StartOptions = {},
) {
  const clock = { ms: 1_800_000_000_000 };
  const keys = keySet({
    locate: locate ?? (() => `${auth.url}/auth/v1/.well-known/jwks.json`),
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
  return { clock, keys, find, settle };
}
