import { powersyncAuthAnonymous } from "../../supabase/functions/powersync-auth-anonymous/index.ts";
import { powersyncAuth } from "../../supabase/functions/powersync-auth/index.ts";
import type { VerifiedUser } from "../../supabase/functions/_shared/powersync/user.ts";
import { base64, POWERSYNC_URL, PUBLISHABLE_KEY, read } from "./project.ts";
import { makeKey } from "./signing.ts";

const signing = await makeKey("EdDSA", "powersync-0123456789");
/** The key of the project's own Auth. */
export const supabaseKey = await makeKey("ES256", "supabase-key");

/** A project that trusts identity providers, given as the secret or as what it holds. */
function environmentOf(providers: unknown, supabaseUrl: string): Record<string, string> {
  return {
    POWERSYNC_PRIVATE_KEY: base64(signing.privateJwk),
    POWERSYNC_URL,
    POWERSYNC_IDENTITY_PROVIDERS: typeof providers === "string" ? providers : JSON.stringify(providers),
    SUPABASE_URL: supabaseUrl,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: PUBLISHABLE_KEY }),
    SUPABASE_JWKS: JSON.stringify({ keys: [supabaseKey.publicJwk] }),
  };
}

/** `powersync-auth-anonymous` of such a project. */
export function startAnonymousFunction(providers: unknown, supabaseUrl = "http://127.0.0.1:9") {
  return powersyncAuthAnonymous({
    environment: () => environmentOf(providers, supabaseUrl),
    claims: () => ({ sub: "anonymous" }),
  });
}

/** `powersync-auth` of such a project. */
export function startFunction(
  providers: unknown,
  supabaseUrl = "http://127.0.0.1:9",
  more: Record<string, string> = {},
) {
  const clock = { ms: Date.now() };
  const seen: { user: VerifiedUser | undefined } = { user: undefined };
  const handle = powersyncAuth({
    environment: () => ({ ...environmentOf(providers, supabaseUrl), ...more }),
    claims: (user) => {
      seen.user = user;
      return { sub: user.id, role: user.role, is_anonymous: user.isAnonymous };
    },
    now: () => clock.ms,
  });
  const call = async (token: string) =>
    await read(
      await handle(
        new Request("http://localhost/powersync-auth", { headers: { Authorization: `Bearer ${token}` } }),
      ),
    );
  /** The PowerSync user a token leads to, or the status and code of the refusal. */
  const userOf = async (token: string): Promise<string> => {
    const { status, body } = await call(token);
    return status === 200 ? `${body.user_id}` : `${status} ${body.code}`;
  };
  return { clock, seen, call, userOf };
}
