import { readSetting } from "../../../supabase/functions/_shared/powersync/settings.ts";
import type { Check, Particulars } from "../check.ts";
import { named, textsOf } from "./decoded-token.ts";
import {
  type Explanations,
  fetchLiveKeys,
  isPlainValue,
  type LiveKeys,
  notCompared,
  type RefusalContext,
  refused,
} from "./refusal.ts";

/** Stands for a project that is not known: nothing can listen there. */
export const UNKNOWN_PROJECT = "http://localhost:0";

const SIGN_IN = "Sign in again at this project, and send the new session's access token.";
const HOOK = "Check the project's custom access token hook, which may change the claims.";

/** Why Supabase users' tokens are refused. */
export const SUPABASE_REFUSALS: Explanations = {
  "role": ({ decoded: { claims: { role } } }) => ({
    seen: `\`role\` is ${named(role)}, but a user's is a database role such as "authenticated".`,
    hint: HOOK,
  }),
  "api-key": ({ decoded: { claims: { role } } }) => ({
    seen: `It is an API key: its \`role\` is ${named(role)}, and it has no \`sub\`.`,
    hint: SIGN_IN,
  }),
  "subject": ({ decoded: { claims: { sub } } }) => ({
    seen: `\`sub\` is ${named(sub)}, but a Supabase user's is a UUID.`,
    hint: HOOK,
  }),
  "audience": ({ decoded: { claims: { aud } }, environment }) => {
    const wanted = readSetting(environment, "POWERSYNC_USER_AUDIENCE");
    const [stated] = textsOf(aud).filter(isPlainValue);
    const seen = `\`aud\` is ${named(aud)}, and POWERSYNC_USER_AUDIENCE is ${named(wanted)}.`;
    return stated === undefined
      ? { seen, hint: HOOK }
      : { seen, change: { set: { POWERSYNC_USER_AUDIENCE: stated } } };
  },
  "issuer": ({ decoded: { claims: { iss } }, environment }) => {
    const wanted = readSetting(environment, "POWERSYNC_USER_ISSUER");
    const seen = wanted === undefined
      ? `\`iss\` is ${named(iss)}, and without POWERSYNC_USER_ISSUER its path must end in /auth/v1.`
      : `\`iss\` is ${named(iss)}, and POWERSYNC_USER_ISSUER is ${named(wanted)}.`;
    return isPlainValue(iss)
      ? { seen, change: { set: { POWERSYNC_USER_ISSUER: iss } } }
      : { seen, hint: "Unset POWERSYNC_USER_ISSUER: this Supabase Auth states no issuer." };
  },
  "oauth-client": ({ decoded: { claims: { client_id } }, environment }) => {
    const allowed = readSetting(environment, "POWERSYNC_OAUTH_CLIENTS") ?? [];
    const seen = `\`client_id\` is ${named(client_id)}, a third-party app, and POWERSYNC_OAUTH_CLIENTS ${
      allowed.length === 0 ? "is not set" : `is ${named(allowed)}`
    }.`;
    const hint =
      "Allow it only if this app may read what its users may read, or send the token of the user's own session.";
    if (!isPlainValue(client_id)) return { seen, hint };
    return { seen, change: { set: { POWERSYNC_OAUTH_CLIENTS: [...allowed, client_id].join(",") } }, hint };
  },
  "type": ({ decoded: { header } }) => ({
    seen: `The header's \`typ\` is ${named(header.typ)}, and an access token's is "JWT".`,
    hint: SIGN_IN,
  }),
  "algorithm": async (context) => {
    const { header: { alg, kid } } = context.decoded;
    const { seen } = await liveKeysOf(context);
    return {
      seen: `\`alg\` is ${named(alg)} with the \`kid\` ${
        named(kid)
      }. Supabase Auth signs with ES256, RS256 or EdDSA and a \`kid\`, or with HS256. ${seen}`,
      hint: SIGN_IN,
    };
  },
  "signature": compareKeys,
  "key-unknown": compareKeys,
  "auth-refused": compareKeys,
  "auth-session-ended": () => ({ seen: "Supabase Auth says that the session has ended.", hint: SIGN_IN }),
  "auth-user-deleted": () => ({ seen: "Supabase Auth says that there is no such user.", hint: SIGN_IN }),
  "auth-user-banned": () => ({
    seen: "Supabase Auth says that the user is banned.",
    hint: "Lift the ban, or sign in as another user.",
  }),
};

/** What could not be compared, as the Auth server was not reached or takes no question without an API key. */
export async function explainUnchecked(context: RefusalContext, seen: string): Promise<Check> {
  const { environment, decoded: { header: { alg, kid } } } = context;
  if (environment.SUPABASE_URL === UNKNOWN_PROJECT) {
    return notCompared("The project is not known, so the token was not compared with its keys.");
  }
  if (alg === "HS256") {
    const legacy =
      "It is signed with the project's legacy secret (HS256), which only Supabase Auth itself can check.";
    return notCompared(`${legacy} ${seen}`);
  }
  const live = await liveKeysOf(context);
  const isMissing = live.keyIds?.every((published) => published !== kid) ?? false;
  return isMissing ? refused("key-unknown", await compareKeys(context)) : notCompared(`${live.seen} ${seen}`);
}

async function compareKeys(context: RefusalContext): Promise<Particulars> {
  const { header: { alg, kid } } = context.decoded;
  const { seen } = await liveKeysOf(context);
  const ours = readSetting(context.environment, "SUPABASE_URL");
  const { iss } = context.decoded.claims;
  const other = typeof iss === "string" && !iss.startsWith(`${ours}/`)
    ? ` Its \`iss\` is ${named(iss)}, and the project is ${named(ours)}.`
    : "";
  const key = alg === "HS256" ? "the legacy secret (HS256)" : `the key ${named(kid)} (${named(alg)})`;
  return {
    seen: `This project's Supabase Auth does not accept the token's signature by ${key}.${other} ${seen}`,
    hint: `The token belongs to another project, or its key was revoked. ${SIGN_IN}`,
  };
}

function liveKeysOf({ environment, timeoutMs }: RefusalContext): Promise<LiveKeys> {
  return fetchLiveKeys(
    `${readSetting(environment, "SUPABASE_URL")}/auth/v1/.well-known/jwks.json`,
    timeoutMs,
  );
}
