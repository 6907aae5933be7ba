import { isSafeUrl } from "../../../supabase/functions/_shared/powersync/provider-settings.ts";
import { isJsonObject } from "../../../supabase/functions/_shared/powersync/secret.ts";
import { fetchJson } from "../../../supabase/functions/_shared/powersync/upstream.ts";
import { named } from "../tokens/decoded-token.ts";
import { entryFor } from "../tokens/known-providers.ts";
import { fetchLiveKeys, whyUnfetched } from "./live-keys.ts";
import { entryOf } from "../tokens/provider-list.ts";
import type { Explanation, RefusalContext } from "./refusal.ts";
import type { Told } from "../tokens/told.ts";

/** What a provider says of itself (OpenID Connect Discovery 1.0, section 4). */
interface Discovered {
  readonly issuer?: unknown;
  /** Where the keys are, if it is a place that keys may come from. */
  readonly jwksUri?: string;
  /** Why there is no document. */
  readonly problem?: string;
}

/** Says which keys the provider publishes, and which signed the token. */
export async function comparePublishedKeys(context: RefusalContext): Promise<Explanation> {
  const { decoded: { header: { kid, alg } }, timeoutMs } = context;
  const { entry, name, change } = entryOf(context);
  const { jwksUri } = await discover(context);
  const set = typeof entry.jwks_uri === "string" ? entry.jwks_uri : undefined;
  const place = set ?? jwksUri;
  const live = place === undefined ? undefined : await fetchLiveKeys(place, timeoutMs);
  const seen = `The token's \`kid\` is ${named(kid)} (${named(alg)}), and no key of ${name} verifies it. ${
    live?.seen ?? ""
  }`.trim();
  if (set !== undefined && jwksUri !== undefined && jwksUri !== set) {
    const told = `${seen} Discovery says that the keys are at ${named(jwksUri)}.`;
    return { seen: told, set: change({ jwks_uri: undefined }) };
  }
  return {
    seen,
    advice:
      "It belongs to another environment of the provider, was changed, or its key was removed: sign in again there.",
  };
}

/** Says why the keys of a provider in the list cannot be fetched, and where they are. */
export async function explainProviderKeys(
  context: RefusalContext,
  { code, cause }: { code: string; cause?: unknown },
): Promise<Told> {
  const { decoded, timeoutMs } = context;
  const { entry, name, change } = entryOf(context);
  const found = await discover(context);
  const id = "user-token-provider-keys";
  const why = `The keys of ${name} could not be fetched${
    entry.jwks_uri === undefined ? "" : ` at ${named(entry.jwks_uri)}`
  }. ${whyUnfetched(cause, timeoutMs)}`;
  if (entry.jwks_uri !== undefined && found.issuer === entry.issuer && found.jwksUri !== entry.jwks_uri) {
    const seen = `${why} Discovery says that they are at ${named(found.jwksUri)}.`;
    return { id, status: "failed", seen, set: change({ jwks_uri: undefined }) };
  }
  const jwksUri = found.jwksUri ?? entryFor(decoded)?.jwks_uri;
  if (entry.jwks_uri === undefined && jwksUri !== undefined) {
    const states = found.issuer === undefined
      ? ""
      : ` Its Discovery document is of the issuer ${named(found.issuer)}.`;
    return {
      id,
      status: "failed",
      seen: `${why}${states} The keys are at ${named(jwksUri)}.`,
      set: change({ jwks_uri: jwksUri }),
    };
  }
  if (code === "IDENTITY_PROVIDER_UNAVAILABLE") return { id, status: "skipped", seen: why };
  return {
    id,
    status: "failed",
    seen: why,
    advice: "Set `jwks_uri` of the entry to where the provider publishes its keys.",
  };
}

async function discover(context: RefusalContext): Promise<Discovered> {
  const { issuer } = entryOf(context).entry;
  if (typeof issuer !== "string" || !isSafeUrl(issuer)) return {};
  try {
    const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const document = await fetchJson(url, { timeoutMs: context.timeoutMs });
    if (!isJsonObject(document)) return {};
    const { jwks_uri: jwksUri } = document;
    return {
      issuer: document.issuer,
      ...(typeof jwksUri === "string" && isSafeUrl(jwksUri) ? { jwksUri } : {}),
    };
  } catch {
    return {};
  }
}
