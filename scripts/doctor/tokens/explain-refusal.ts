import type { PowerSyncAuthError } from "../../../supabase/functions/_shared/powersync/errors.ts";
import { CODES, type Reason } from "../../../supabase/functions/_shared/powersync/verify.ts";
import type { Check } from "../check.ts";
import { issuersIn } from "./provider-list.ts";
import { explainProviderKeys, PROVIDER_REFUSALS } from "./provider-refusals.ts";
import { type Explanations, type RefusalContext, refused } from "./refusal.ts";
import { explainUnchecked, SUPABASE_REFUSALS } from "./supabase-refusals.ts";
import { checkTimes } from "./token-times.ts";
import { USER_TOKEN } from "./whose-token.ts";

const COMMON_REFUSALS: Explanations = {
  "too-long": () => ({
    seen:
      "The token has more than 16,384 characters, and servers accept about as much in all headers together.",
    hint: "Keep app_metadata, user_metadata and the claims of a custom access token hook small.",
  }),
  "malformed": () => ({
    seen: "It was cut or edited: a part of it is not valid base64url.",
    hint: "Copy the whole access token again, straight from the session.",
  }),
};

/**
 * Explains why the functions refuse a user's token.
 *
 * @param error What their verification throws.
 * @param context The token and the settings.
 * @param nowMs When it was verified, in milliseconds since 1970.
 */
export async function explainRefusal(
  error: PowerSyncAuthError,
  context: RefusalContext,
  nowMs: number,
): Promise<Check> {
  const { code, why, message, hint } = error;
  const { decoded, environment } = context;
  if (code.startsWith("IDENTITY_PROVIDER_")) return await explainProviderKeys(context, error);
  if (code.startsWith("AUTH_SERVER_") || code.startsWith("SUPABASE_PUBLISHABLE_KEYS_")) {
    const isKeyMissing = code === "SUPABASE_PUBLISHABLE_KEYS_MISSING";
    const unasked = "Supabase Auth was not asked: no publishable key of the project is known.";
    return await explainUnchecked(context, isKeyMissing ? unasked : message);
  }
  const { reason } = why ?? {};
  if (!isReason(reason)) return refused("settings", { seen: message, hint });
  const isListed = issuersIn(environment.POWERSYNC_IDENTITY_PROVIDERS).some((issuer) =>
    issuer === decoded.claims.iss
  );
  if (["times", "expired", "not-yet-valid"].includes(reason)) {
    const toleranceSeconds = isListed ? undefined : 0;
    const untimely = checkTimes(USER_TOKEN, decoded, { nowSeconds: nowMs / 1000, toleranceSeconds })
      .find(({ status }) => status === "failed");
    return refused(reason, {
      seen: untimely?.seen ?? "Its `iat` or `nbf` is not a number of seconds.",
      hint: untimely?.hint ?? hint,
    });
  }
  const explain = COMMON_REFUSALS[reason] ?? (isListed ? PROVIDER_REFUSALS : SUPABASE_REFUSALS)[reason];
  return refused(reason, await explain?.(context) ?? { seen: message, hint });
}

function isReason(reason: string | undefined): reason is Reason {
  return reason !== undefined && Object.hasOwn(CODES, reason);
}
