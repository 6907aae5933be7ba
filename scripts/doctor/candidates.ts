/** The tokens that are at hand, and what the rules and the instance say to them. */
import { decodeJwt } from "jose";
import { loadKeyRing } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets, SETTINGS } from "../../supabase/functions/_shared/powersync/settings.ts";
import { isInClear, projectRef } from "../setup/project-url.ts";
import { keyIdsOf } from "../setup/remote-jwks.ts";
import { readSharedKey, SHARED_KEY_NAME } from "../setup/shared-key.ts";
import { type Check, checkOfTold, failed, passed, probed, skipped } from "./check.ts";
import { decodeLeniently, textsOf } from "./tokens/decoded-token.ts";
import type { FunctionFound } from "./functions.ts";
import { askInstance, type InstanceFound } from "./instance.ts";
import { signOwnToken } from "./own-token.ts";
import { audiencesFor, concernsProject, type ExamineOptions, instanceOfFile } from "./scope.ts";
import { unpackToken } from "./tokens/pasted-token.ts";
import type { KnownCause } from "./causes.ts";
import { readProviderList } from "./tokens/provider-list.ts";
import { examineToken, type TokenFound } from "./token.ts";
import { whoseToken } from "./tokens/whose-token.ts";

const TOKEN = { id: "token", title: "Token" };

const BROKEN = failed(TOKEN, "token-header", {
  seen: "PowerSync refuses it as it is, with white space in it. The rest is about the token without.",
  hint: "Pass the function's `token` on unchanged, without spaces or line breaks.",
  code: "PSYNC_S2106",
});

/** A token to try, and the result of the rules. */
export interface Candidate extends Omit<TokenFound, "code"> {
  readonly token: string;
  /** Whose token it is, for the report. */
  readonly tokenOf: string;
  /** A JWT without power elsewhere: an instance may see it. */
  readonly isSendable: boolean;
}

/** What PowerSync sees: the JWKS, and the time by the servers' clock in seconds since 1970. */
export interface ServerView {
  readonly jwks: unknown;
  readonly nowSeconds: number;
}

/** The token that was given. */
export async function examineGivenToken(
  options: ExamineOptions,
  { servers, endpoint }: { servers: ServerView; endpoint: string | undefined },
): Promise<Candidate[]> {
  if (options.token === undefined) return [];
  const { token, around = "", isBroken = false } = unpackToken(options.token);
  const audiences = audiencesFor(options, endpoint);
  const known = { ...knownSetup(options), audiences, keyIds: keyIdsOf(servers.jwks) };
  const { owner, decoded, told: [whose, ...others] } = whoseToken(token, known, servers.nowSeconds);
  const { checks, good, code } = await examineToken(TOKEN, { token, audiences, wanted: true, ...servers });
  const isOurs = whose?.status === "passed";
  const told = (isOurs ? others.filter(({ id }) => id === "token-in-milliseconds") : others)
    .map((one) => checkOfTold(TOKEN, one));
  const first = whose === undefined
    ? []
    : [checkOfTold(TOKEN, { ...whose, seen: `${around} ${whose.seen}`.trim() }, isOurs ? undefined : code)];
  // What the rules say of a token that is not ours would only repeat that.
  return [{
    token,
    tokenOf: "the token that was given",
    checks: [...first, ...(isBroken ? [BROKEN] : []), ...told, ...(isOurs ? checks : [])],
    good,
    isSendable: decoded !== undefined && owner !== "secret-key",
  }];
}

/** What a token is compared with, as far as the file says it. */
function knownSetup(options: ExamineOptions) {
  const variables = concernsProject(options) ? options.file?.variables ?? {} : {};
  return {
    supabaseUrl: options.project,
    projectRef: options.project === undefined ? undefined : projectRef(options.project),
    issuer: variables.POWERSYNC_ISSUER?.trim() || SETTINGS.POWERSYNC_ISSUER.fallback,
    providers: (readProviderList(variables.POWERSYNC_IDENTITY_PROVIDERS) ?? []).flatMap(({ issuer }) =>
      typeof issuer === "string" ? [{ issuer }] : []
    ),
    sharedKid: readSharedKey(variables[SHARED_KEY_NAME] ?? "")?.kid,
  };
}

async function keyIdsOfFile(options: ExamineOptions): Promise<string[]> {
  const variables = concernsProject(options) ? options.file?.variables ?? {} : {};
  return (await loadKeyRing(readKeySecrets(variables))).published.map(({ kid }) => kid);
}

/** What a rule's failure means for a token that a function has just made. */
const CAUSES_OF_FUNCTIONS: Readonly<Partial<Record<string, KnownCause>>> = {
  "key-found": "signing-key-unpublished",
  "aud-accepted": "audience-other",
};

/** The tokens that the functions gave. */
export async function examineFunctionTokens(
  functions: readonly FunctionFound[],
  { options, servers }: { options: ExamineOptions; servers: ServerView },
): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  const ofFile = await keyIdsOfFile(options);
  for (const { token, endpoint = "", name = "" } of functions) {
    if (token === undefined) continue;
    const audiences = audiencesFor(options, endpoint);
    const subject = { id: "function-token", title: `Token of ${name}` };
    const { checks, good } = await examineToken(subject, { token, audiences, ...servers });
    const named = checks.map((check) => {
      const isOfFile = check.cause === "key-found" && ofFile.some((kid) => kid === keyIdOf(token));
      const cause = isOfFile ? "jwks-behind" : CAUSES_OF_FUNCTIONS[check.cause ?? ""];
      return cause === undefined ? check : probed(subject, cause, check.seen);
    });
    candidates.push({ token, tokenOf: `the token of ${name}`, checks: named, good, isSendable: true });
  }
  return candidates;
}

/** The instance that is named, or the one that the file of a deployed project names. */
export async function askPowerSync(
  options: ExamineOptions,
  { tokens, secrets, servers }: {
    tokens: readonly Candidate[];
    secrets: readonly Check[];
    servers: ServerView;
  },
): Promise<InstanceFound & { readonly audiences?: readonly unknown[] } | undefined> {
  const { powersync, asksInstanceOfFile, timeoutMs } = options;
  const isOrder = secrets.every(({ status }) => status !== "failed");
  const url = powersync ?? (asksInstanceOfFile && isOrder ? instanceOfFile(options)?.url : undefined);
  if (url === undefined) return undefined;
  const subject = { id: "powersync", title: "PowerSync instance" };
  if (isInClear(url)) {
    const seen = "It was not asked: without TLS, anybody on the way could read the token. Use https.";
    return { check: skipped(subject, seen, { wanted: powersync !== undefined }) };
  }
  const candidate = tokens.find(({ isSendable }) => isSendable) ??
    await ownCandidate(options, { isOrder, servers });
  if (candidate === undefined) {
    const seen = isOrder
      ? "No token to ask it with: give --env-file, --publishable-key, --user-token or --token."
      : "It was not asked: no function gave a token, and none can be signed with this file.";
    return { check: skipped(subject, seen, { wanted: powersync !== undefined }) };
  }
  // A header cannot hold a line break or a typographic quotation mark (RFC 9110, section 5.5).
  if (!/^[\x21-\x7e]+$/.test(candidate.token)) {
    const seen = "It was not asked: the token holds white space or other characters that no token has.";
    return { check: skipped(subject, seen) };
  }
  const { token, tokenOf, good } = candidate;
  const audiences = audienceOf(token);
  const found = await askInstance({
    url,
    token,
    tokenOf,
    tokenIsGood: good,
    audiences,
    timeoutMs,
  });
  return { ...found, audiences: found.check.status === "passed" ? audiences : [] };
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

function keyIdOf(token: string): unknown {
  return decodeLeniently(token)?.header.kid;
}

function audienceOf(token: string): unknown[] {
  try {
    return [decodeJwt(token).aud].flat();
  } catch {
    return [];
  }
}

/** As far as this computer's clock may be wrong: a time zone, and some more. */
const MAX_CLOCK_ERROR_SECONDS = 24 * 60 * 60;

/** A token that is signed here with the file's key, when the functions give none. */
async function ownCandidate(
  options: ExamineOptions,
  { isOrder, servers }: { isOrder: boolean; servers: ServerView },
): Promise<Candidate | undefined> {
  const { file } = options;
  if (file === undefined || !isOrder || !concernsProject(options)) return undefined;
  // A `Date` header must not make a token that is good for years.
  const isTrusted = Math.abs(servers.nowSeconds - options.now()) <= MAX_CLOCK_ERROR_SECONDS;
  const nowSeconds = isTrusted ? servers.nowSeconds : options.now();
  const token = await signOwnToken(file.variables, nowSeconds);
  const audiences = audiencesFor(options);
  const { good } = await examineToken({ id: "", title: "" }, { token, audiences, ...servers, nowSeconds });
  const tokenOf = `a token signed with the key in ${file.path}`;
  return { token, tokenOf, checks: [], good, isSendable: true };
}
