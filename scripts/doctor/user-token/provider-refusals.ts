import { named, textsOf } from "../tokens/decoded-token.ts";
import { audienceFor, GET_AUDIENCE, ownAudiences, providerOf } from "../tokens/known-providers.ts";
import { comparePublishedKeys } from "./provider-keys.ts";
import { entryOf, slipsBetween } from "../tokens/provider-list.ts";
import type { Explanations, RefusalContext } from "./refusal.ts";

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
      const advice = `${ACCESS_TOKEN}; or, if the app must send ID tokens, add their \`aud\` to the entry.`;
      return { seen: `${seen} It looks like an ID token.`, advice };
    }
    const audience = audienceChange(claims, { claim, wanted });
    return audience === undefined ? { seen, advice: GET_AUDIENCE } : { seen, set: change(audience) };
  },
  "type": ({ decoded: { header, claims } }) => {
    if (claims.events !== undefined) {
      return { seen: "It is a logout token: it has `events`.", advice: `${ACCESS_TOKEN}.` };
    }
    const seen = typeof claims.typ === "string"
      ? `The claim \`typ\` is ${named(claims.typ)}.`
      : `The header's \`typ\` is ${named(header.typ)}, and an access token's is "JWT" or "at+jwt".`;
    const also = claims.typ === "ID"
      ? '; or, if the app must send ID tokens, add `"allow": ["ID"]` to the entry.'
      : ".";
    return { seen, advice: `${ACCESS_TOKEN}${also}` };
  },
  "bound-to-key": () => ({
    seen:
      "It is bound to a key of the client (`cnf.jkt`, DPoP), and a bearer token does not prove who holds it.",
    advice: 'Let the provider issue a bearer token to this client; or add `"allow": ["DPoP"]` to the entry.',
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
        advice: "Let the provider put the user's ID there, or name the claim that has it in `subject_claim`.",
      };
    }
    return { seen: `${seen} \`sub\` is ${named(claims.sub)}.`, set: change({ subject_claim: undefined }) };
  },
  "email-not-verified": ({ decoded: { claims } }) => ({
    seen: `\`email_verified\` is ${named(claims.email_verified)}, and an address counts only if it is true.`,
    advice: "Let the user verify the address, or take the user from `sub`, which does not change with it.",
  }),
  "algorithm": async (context) => {
    const { header: { alg } } = context.decoded;
    const { entry, name, change } = entryOf(context);
    const wanted = textsOf(entry.algorithms);
    if (typeof alg !== "string" || !/^(RS|PS|ES|Ed)/.test(alg)) {
      return {
        seen: `\`alg\` is ${named(alg)}: a shared secret cannot be checked with public keys.`,
        advice: "Let the provider sign with RS256 or ES256.",
      };
    }
    if (wanted.length > 0 && !wanted.includes(alg)) {
      const seen = `\`alg\` is ${named(alg)}, and \`algorithms\` of ${name} is ${named(wanted)}.`;
      return { seen, set: change({ algorithms: [...wanted, alg] }) };
    }
    return await comparePublishedKeys(context);
  },
  "key-unknown": comparePublishedKeys,
  "signature": comparePublishedKeys,
};

/** What to change in an entry so that it accepts the audience of a token; `undefined` if the token names no audience of its own. */
function audienceChange(
  claims: RefusalContext["decoded"]["claims"],
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
