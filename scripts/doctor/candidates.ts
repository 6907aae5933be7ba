/** The tokens that are at hand, and what the rules and the instance say to them. */
import { loadKeyRing, signingKeyAt } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets } from "../../supabase/functions/_shared/powersync/settings.ts";
import { readTokenSettings, signToken } from "../../supabase/functions/_shared/powersync/token.ts";
import { checkToken } from "../powersync/check-token.ts";
import type { PowerSyncCode } from "../powersync/codes.ts";
import { type RuleResult, skipped as notCompared, verdictOf } from "../powersync/result.ts";
import { isInClear } from "../setup/project-url.ts";
import { keyIdsOf } from "../setup/remote-jwks.ts";
import { readSharedKey, SHARED_KEY_NAME } from "../setup/shared-key.ts";
import type { KnownCause } from "./causes.ts";
import { type Check, checksOfRules, failed, passed, probed, skipped, type Subject } from "./check.ts";
import type { FunctionFound } from "./functions.ts";
import { askInstance, type InstanceFound } from "./instance.ts";
import { audiencesFor, type ExamineOptions, instanceOfFile, knownSetup } from "./scope.ts";
import { audienceOf, decodeLeniently, textsOf } from "./tokens/decoded-token.ts";
import { unpackToken } from "./tokens/pasted-token.ts";
import { isInMilliseconds } from "./tokens/token-times.ts";
import { TOKEN, whoseToken } from "./tokens/whose-token.ts";

/** A token to try, and the result of the rules. */
export interface Candidate {
  readonly token: string;
  /** Whose token it is, for the report. */
  readonly tokenOf: string;
  readonly checks: readonly Check[];
  /** PowerSync would accept it. */
  readonly good: boolean;
  /** A JWT without power elsewhere: an instance may see it. */
  readonly isSendable: boolean;
}

/** What PowerSync sees: the JWKS, and the time by the servers' clock in seconds since 1970. */
export interface ServerView {
  readonly jwks: unknown;
  readonly nowSeconds: number;
}

/** Checks a token against every rule of PowerSync; without audiences, `aud` is not compared. */
async function examineToken(
  subject: Subject,
  token: string,
  { jwks, nowSeconds, audiences, wanted = false }: ServerView & {
    readonly audiences: readonly string[];
    readonly wanted?: boolean;
  },
): Promise<{ checks: Check[]; good: boolean; code: PowerSyncCode | undefined }> {
  const all = await checkToken(token, { ...(jwks === undefined ? {} : { jwks }), audiences, nowSeconds });
  const results = audiences.length > 0 ? all : all.map(withoutAudience);
  const summary = `PowerSync accepts it for the audience ${audiences.join(", ")}.`;
  const { outcome, code } = verdictOf(results);
  return { checks: checksOfRules(subject, results, { summary, wanted }), good: outcome === "accepted", code };
}

function withoutAudience(result: RuleResult): RuleResult {
  if (result.rule !== "aud-accepted" || result.outcome !== "failed") return result;
  return notCompared("aud-accepted", "`aud` was not compared: pass --powersync <URL> or --audience.");
}

const BROKEN = failed(TOKEN, "token-header", {
  seen: "PowerSync refuses it as it is, with white space in it. The rest is about the token without.",
  hint: "Pass the function's `token` on unchanged, without spaces or line breaks.",
  code: "PSYNC_S2106",
});

export async function examineGivenToken(
  options: ExamineOptions,
  { servers, endpoint }: { servers: ServerView; endpoint: string | undefined },
): Promise<Candidate[]> {
  if (options.token === undefined) return [];
  const { token, around, isBroken } = unpackToken(options.token);
  const audiences = audiencesFor(options, endpoint);
  const sharedKid = readSharedKey(options.file?.variables[SHARED_KEY_NAME] ?? "")?.kid;
  const known = { ...knownSetup(options), audiences, keyIds: keyIdsOf(servers.jwks), sharedKid };
  const { owner, decoded, whose, others } = whoseToken(token, known, servers.nowSeconds);
  const { checks, good, code } = await examineToken(TOKEN, token, { ...servers, audiences, wanted: true });
  const isOurs = whose.status === "passed";
  const first = {
    ...whose,
    seen: `${around} ${whose.seen}`.trim(),
    ...(isOurs || code === undefined ? {} : { code }),
  };
  // What the rules say of a token that is not ours would only repeat that.
  const more = isOurs ? [...others.filter(isInMilliseconds), ...checks] : others;
  return [{
    token,
    tokenOf: "the token that was given",
    checks: [first, ...(isBroken ? [BROKEN] : []), ...more],
    good,
    isSendable: decoded !== undefined && owner !== "secret-key",
  }];
}

/** What a rule's failure means for a token that a function has just made. */
const CAUSES_OF_FUNCTIONS: Readonly<Partial<Record<string, KnownCause>>> = {
  "key-found": "signing-key-unpublished",
  "aud-accepted": "audience-other",
};

export async function examineFunctionTokens(
  functions: readonly FunctionFound[],
  { options, servers }: { options: ExamineOptions; servers: ServerView },
): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  const { published } = await loadKeyRing(readKeySecrets(options.file?.variables ?? {}));
  for (const { token, endpoint = "", name = "" } of functions) {
    if (token === undefined) continue;
    const audiences = audiencesFor(options, endpoint);
    const subject = { id: "function-token", title: `Token of ${name}` };
    const { checks, good } = await examineToken(subject, token, { ...servers, audiences });
    const kid = decodeLeniently(token)?.header.kid;
    const isOfFile = published.some((key) => key.kid === kid);
    const named = checks.map((check) => {
      const cause = isOfFile && check.cause === "key-found"
        ? "jwks-behind"
        : CAUSES_OF_FUNCTIONS[check.cause ?? ""];
      return cause === undefined ? check : probed(subject, cause, check.seen);
    });
    candidates.push({ token, tokenOf: `the token of ${name}`, checks: named, good, isSendable: true });
  }
  return candidates;
}

/** The instance that is named, or the one that the file of a deployed project names. */
export async function askPowerSync(
  options: ExamineOptions,
  { tokens, isOrder, servers }: {
    tokens: readonly Candidate[];
    /** Nothing fails in the file. */
    isOrder: boolean;
    servers: ServerView;
  },
): Promise<InstanceFound> {
  const { powersync, asksInstanceOfFile, timeoutMs } = options;
  const url = powersync ?? (asksInstanceOfFile && isOrder ? instanceOfFile(options)?.url : undefined);
  if (url === undefined) return { checks: [] };
  const unasked = (seen: string, wanted = powersync !== undefined) => ({
    checks: [skipped({ id: "powersync", title: "PowerSync instance" }, seen, { wanted })],
  });
  if (isInClear(url)) {
    return unasked("It was not asked: without TLS, anybody on the way could read the token. Use https.");
  }
  const candidate = tokens.find(({ isSendable }) => isSendable) ??
    (isOrder ? await ownCandidate(options, servers) : undefined);
  if (candidate === undefined) {
    return unasked(
      isOrder
        ? "No token to ask it with: give --env-file, --publishable-key, --user-token or --token."
        : "It was not asked: no function gave a token, and none can be signed with this file.",
    );
  }
  // A header cannot hold a line break or a typographic quotation mark (RFC 9110, section 5.5).
  if (!/^[\x21-\x7e]+$/.test(candidate.token)) {
    return unasked(
      "It was not asked: the token holds white space or other characters that no token has.",
      false,
    );
  }
  const { token, tokenOf, good } = candidate;
  return await askInstance({ url, token, tokenOf, tokenIsGood: good, timeoutMs });
}

/** The checks of tokens: what the instance accepts as an audience is one, whatever is known of it. */
export function checksOfTokens(tokens: readonly Candidate[], accepted: readonly unknown[] = []): Check[] {
  return tokens.flatMap(({ token, checks }) => {
    if (!audienceOf(token).some((audience) => accepted.includes(audience))) return checks;
    return checks.map((check) =>
      check.cause === "aud-accepted" || check.cause === "audience-other"
        ? passed(check, `The instance accepts its audience ${textsOf(accepted).join(", ")}.`)
        : check
    );
  });
}

/** As far as this computer's clock may be wrong: a time zone, and some more. */
const MAX_CLOCK_ERROR_SECONDS = 24 * 60 * 60;

/** As short as POWERSYNC_TOKEN_TTL may be. */
const LIFETIME_SECONDS = 60;

/** A token that is signed here with the file's key, as the functions would, when they give none. It is never shown. */
async function ownCandidate(
  { file, ...options }: ExamineOptions,
  servers: ServerView,
): Promise<Candidate | undefined> {
  if (file === undefined) return undefined;
  // A `Date` header must not make a token that is good for years.
  const isTrusted = Math.abs(servers.nowSeconds - options.now()) <= MAX_CLOCK_ERROR_SECONDS;
  const nowSeconds = isTrusted ? servers.nowSeconds : options.now();
  const now = Math.floor(nowSeconds);
  const key = signingKeyAt(await loadKeyRing(readKeySecrets(file.variables)), now);
  const claims = JSON.stringify({ sub: "powersync-doctor", role: "anon", is_anonymous: true });
  const { audience, issuer } = readTokenSettings(file.variables);
  const signed = { key, audience, issuer, lifetimeSeconds: LIFETIME_SECONDS, now };
  const { token } = await signToken(claims, signed);
  const audiences = audiencesFor({ ...options, file });
  const { good } = await examineToken(TOKEN, token, { ...servers, audiences, nowSeconds });
  return {
    token,
    tokenOf: `a token signed with the key in ${file.path}`,
    checks: [],
    good,
    isSendable: true,
  };
}
