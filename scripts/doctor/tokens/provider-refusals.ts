import { isSafeUrl } from "../../../supabase/functions/_shared/powersync/provider-settings.ts";
import { isJsonObject } from "../../../supabase/functions/_shared/powersync/secret.ts";
import { fetchJson } from "../../../supabase/functions/_shared/powersync/upstream.ts";
import type { Check, Particulars } from "../check.ts";
import { type DecodedToken, named, textsOf } from "./decoded-token.ts";
import { audienceFor, entryFor, GET_AUDIENCE, ownAudiences, providerOf } from "./known-providers.ts";
import { entryOf, slipsBetween } from "./provider-list.ts";
import {
  type Explanations,
  fetchLiveKeys,
  notCompared,
  type RefusalContext,
  refused,
  whyUnfetched,
} from "./refusal.ts";

const ACCESS_TOKEN = "Send the provider's access token instead";

/** Why tokens of an identity provider in the list are refused. */
export const PROVIDER_REFUSALS: Explanations = {
  "audience": (context) => {
    const { claims } = context.decoded;
    const { entry, name, change } = entryOf(context);
    const claim = typeof entry.audience_claim === "string" ? entry.audience_claim : "aud";
    const wanted = textsOf(entry.audience);
    const names = [...new Set([claim, "aud"])].filter((name) => name === claim || claims[name] !== undefined);
    const stated = names.map((name) => `\`${name}\` is ${named(claims[name])}`).join(" and ");
    const slips = textsOf(claims[claim]).flatMap((one) => wanted.map((other) => slipsBetween(one, other)))
      .find((found) => found !== undefined);
    const seen = `${stated}; \`audience\` of ${name} is ${named(wanted)}.${
      slips ? ` They differ only in ${slips}.` : ""
    }`;
    const isIdToken = claims.at_hash !== undefined || claims.nonce !== undefined;
    if (isIdToken && !providerOf(claims.iss)?.sendsIdToken) {
      const hint = `${ACCESS_TOKEN}; or, if the app must send ID tokens, add their \`aud\` to the entry.`;
      return { seen: `${seen} It looks like an ID token.`, hint };
    }
    const audience = audienceChange(claims, { claim, wanted });
    return audience === undefined ? { seen, hint: GET_AUDIENCE } : { seen, change: change(audience) };
  },
  "type": ({ decoded: { header, claims } }) => {
    if (claims.events !== undefined) {
      return { seen: "It is a logout token: it has `events`.", hint: `${ACCESS_TOKEN}.` };
    }
    const seen = typeof claims.typ === "string"
      ? `The claim \`typ\` is ${named(claims.typ)}.`
      : `The header's \`typ\` is ${named(header.typ)}, and an access token's is "JWT" or "at+jwt".`;
    const also = claims.typ === "ID"
      ? '; or, if the app must send ID tokens, add `"allow": ["ID"]` to the entry.'
      : ".";
    return { seen, hint: `${ACCESS_TOKEN}${also}` };
  },
  "bound-to-key": () => ({
    seen:
      "It is bound to a key of the client (`cnf.jkt`, DPoP), and a bearer token does not prove who holds it.",
    hint: 'Let the provider issue a bearer token to this client; or add `"allow": ["DPoP"]` to the entry.',
  }),
  "subject": (context) => {
    const { claims } = context.decoded;
    const { entry, name, change } = entryOf(context);
    const claim = typeof entry.subject_claim === "string" ? entry.subject_claim : "sub";
    const value = claims[claim] === undefined ? "the token lacks" : `is ${named(claims[claim])}`;
    const seen = `${name} takes the user from \`${claim}\`, which ${value}.`;
    if (claim === "sub" || typeof claims.sub !== "string") {
      return {
        seen,
        hint: "Let the provider put the user's ID there, or name the claim that has it in `subject_claim`.",
      };
    }
    return { seen: `${seen} \`sub\` is ${named(claims.sub)}.`, change: change({ subject_claim: undefined }) };
  },
  "email-not-verified": ({ decoded: { claims } }) => ({
    seen: `\`email_verified\` is ${named(claims.email_verified)}, and an address counts only if it is true.`,
    hint: "Let the user verify the address, or take the user from `sub`, which does not change with it.",
  }),
  "algorithm": async (context) => {
    const { header: { alg } } = context.decoded;
    const { entry, name, change } = entryOf(context);
    const wanted = textsOf(entry.algorithms);
    if (typeof alg !== "string" || !/^(RS|PS|ES|Ed)/.test(alg)) {
      return {
        seen: `\`alg\` is ${named(alg)}: a shared secret cannot be checked with public keys.`,
        hint: "Let the provider sign with RS256 or ES256.",
      };
    }
    if (wanted.length > 0 && !wanted.includes(alg)) {
      const seen = `\`alg\` is ${named(alg)}, and \`algorithms\` of ${name} is ${named(wanted)}.`;
      return { seen, change: change({ algorithms: [...wanted, alg] }) };
    }
    return await comparePublishedKeys(context);
  },
  "key-unknown": comparePublishedKeys,
  "signature": comparePublishedKeys,
};

/** What to change in an entry so that it accepts the audience of a token; `undefined` if the token names no audience of its own. */
function audienceChange(
  claims: DecodedToken["claims"],
  { claim, wanted }: { claim: string; wanted: readonly string[] },
): Record<string, unknown> | undefined {
  if (claims[claim] === undefined) {
    const other = audienceFor(claims);
    return other && { audience_claim: undefined, ...other };
  }
  // An `aud` counts beside another claim too.
  const lacking = [claim, "aud"].flatMap((name) => {
    const isNamed = claims[name] === undefined || textsOf(claims[name]).some((one) => wanted.includes(one));
    return isNamed ? [] : [ownAudiences(claims[name])[0]];
  });
  return lacking.includes(undefined) ? undefined : { audience: [...new Set([...wanted, ...lacking])] };
}

/** What a provider says of itself (OpenID Connect Discovery 1.0, section 4). */
interface Discovered {
  readonly issuer?: unknown;
  /** Where the keys are, if it is a place that keys may come from. */
  readonly jwksUri?: string;
}

/** Says which keys the provider publishes, and which signed the token. */
async function comparePublishedKeys(context: RefusalContext): Promise<Particulars> {
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
    return { seen: told, change: change({ jwks_uri: undefined }) };
  }
  return {
    seen,
    hint:
      "It belongs to another environment of the provider, was changed, or its key was removed: sign in again there.",
  };
}

/** Says why the keys of a provider in the list cannot be fetched, and where they are. */
export async function explainProviderKeys(
  context: RefusalContext,
  { code, cause }: { code: string; cause?: unknown },
): Promise<Check> {
  const { decoded, timeoutMs } = context;
  const { entry: { issuer, jwks_uri: set }, name, change } = entryOf(context);
  const found = await discover(context);
  const where = set === undefined ? "" : ` at ${named(set)}`;
  const why = `The keys of ${name} could not be fetched${where}. ${whyUnfetched(cause, timeoutMs)}`;
  if (set !== undefined && found.issuer === issuer && found.jwksUri !== set) {
    const seen = `${why} Discovery says that they are at ${named(found.jwksUri)}.`;
    return refused("provider-keys", { seen, change: change({ jwks_uri: undefined }) });
  }
  const jwksUri = found.jwksUri ?? entryFor(decoded)?.jwks_uri;
  if (set === undefined && jwksUri !== undefined) {
    const states = found.issuer === undefined
      ? ""
      : ` Its Discovery document is of the issuer ${named(found.issuer)}.`;
    const seen = `${why}${states} The keys are at ${named(jwksUri)}.`;
    return refused("provider-keys", { seen, change: change({ jwks_uri: jwksUri }) });
  }
  if (code === "IDENTITY_PROVIDER_UNAVAILABLE") return notCompared(why);
  const hint = "Set `jwks_uri` of the entry to where the provider publishes its keys.";
  return refused("provider-keys", { seen: why, hint });
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
