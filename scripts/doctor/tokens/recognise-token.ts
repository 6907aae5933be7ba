import { decodeJsonSecret, isJsonObject } from "../../../supabase/functions/_shared/powersync/secret.ts";
import { LOCAL_KEY_PREFIX } from "../../setup/local-only.ts";
import { isLoopback } from "../../setup/project-url.ts";
import { type DecodedToken, decodeLeniently, named, textsOf } from "./decoded-token.ts";
import { providerOf } from "./known-providers.ts";

/** What is known of the set-up that a token is compared with. */
export interface KnownSetup {
  readonly supabaseUrl?: string | undefined;
  /** POWERSYNC_ISSUER. */
  readonly issuer: string;
  /** The key IDs that PowerSync gets: of the live JWKS, or of the file's. Empty where neither is known. */
  readonly keyIds: readonly string[];
  /** Of PowerSync tokens. Empty where they are not known. */
  readonly audiences: readonly string[];
  /** The issuers in POWERSYNC_IDENTITY_PROVIDERS. */
  readonly providers: readonly string[];
  /** The `kid` of POWERSYNC_SHARED_KEY. */
  readonly sharedKid?: string | undefined;
}

/** Whose a token is. */
export type Owner =
  /** This project's functions made it. */
  | "functions"
  /** For this PowerSync instance, but its key is not among those that this project publishes. */
  | "unpublished-key"
  | "other-powersync"
  | "development-key"
  | "shared-secret"
  | "powersync-dashboard"
  | "supabase-user"
  | "supabase-other-project"
  | "supabase-oauth-client"
  | "supabase-id-token"
  | "publishable-key"
  | "secret-key"
  | "provider"
  | "unknown-issuer"
  | "encrypted"
  | "cut"
  | "opaque"
  | "not-a-token";

/** A token that was recognised. */
export interface Recognised {
  readonly owner: Owner;
  /** The rest of the sentence "This is …", without a full stop. */
  readonly what: string;
  /** Missing for what is not a JWT. */
  readonly decoded?: DecodedToken;
}

/** Tells whose token a text is, from `iss`, `kid`, `alg` and `aud`; nothing is verified. */
export function recogniseToken(token: string, known: KnownSetup): Recognised {
  const decoded = decodeLeniently(token);
  if (decoded === undefined) return recogniseText(token);
  const cut = whyCut(token, decoded);
  if (cut !== undefined) return { owner: "cut", what: cut, decoded };
  return { ...recogniseJwt(decoded, known), decoded };
}

/** Whether a text is a JWT to its very end, as far as its parts tell. */
export function isWholeJwt(text: string): boolean {
  const decoded = decodeLeniently(text);
  return decoded !== undefined && whyCut(text, decoded) === undefined;
}

type Named = Omit<Recognised, "decoded">;

/** Of the development tokens of PowerSync Cloud, as they are found in public code. */
const DASHBOARD_ISSUER = "https://powersync-api.journeyapps.com";

/** What is not a JWT, most telling form first. */
const FORMS: readonly (readonly [RegExp, Owner, string])[] = [
  [/^$/, "not-a-token", "empty"],
  [/\bsb_publishable_/, "publishable-key", "a publishable API key of a Supabase project (sb_publishable_…)"],
  [/\bsb_secret_/, "secret-key", "a secret API key of a Supabase project (sb_secret_…)"],
  [/^sbp_/, "secret-key", "a personal access token of a Supabase account (sbp_…)"],
  [/^(?!ey)[\w-]*\.ey[\w-]+\.[\w-]*$/, "cut", "a token whose beginning is missing"],
  [/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i, "not-a-token", "a UUID, such as a user's ID"],
  [/^(true|false|NaN)$/, "not-a-token", "a word that a program printed in place of a token"],
  [/^ey[\w-]*(\.[\w-]*){4}$/, "encrypted", "an encrypted token (JWE, five parts)"],
  [/^ey[^]*(…|\.\.\.)/, "cut", "a token that a tool or a log shortened to fit"],
  [/^ey[\w-]+(\.[\w-]*)?$/, "cut", "a token whose end is missing: a JWT has three parts"],
  [
    /^ey[^\s.]*(\.[^\s.]*){2}$/,
    "cut",
    "a token that was cut or edited: a part of it is not JSON in base64url",
  ],
  [/^[^\s@]{1,64}@[^\s@.]{1,63}\.[^\s@]{1,190}$/, "not-a-token", "an e-mail address"],
  [/^\S{8,}$/, "opaque", "not a JWT: a refresh token, or an access token that only its issuer can read"],
];

function recogniseText(text: string): Named {
  const decoded = decodeJsonSecret(text);
  if (decoded.ok) {
    const isKey = isJsonObject(decoded.value) && (decoded.value.kty ?? decoded.value.keys) !== undefined;
    return { owner: "not-a-token", what: isKey ? "a key, not a token (JWK)" : "JSON without a token in it" };
  }
  const [, owner, what = "not a JWT"] = FORMS.find(([form]) => form.test(text)) ?? [];
  if (owner !== undefined && owner !== "opaque") return { owner, what };
  // What is pasted for a secret too: a PEM, a hex string, a path, a URL.
  const kind = /^is (?!neither|base64|too)(.*)$/.exec(decoded.problem)?.[1];
  return kind === undefined ? { owner: owner ?? "not-a-token", what } : { owner: "not-a-token", what: kind };
}

/** Bytes of a signature (RFC 7518, sections 3.2 and 3.4; RFC 8037). */
const SIGNATURE_BYTES = new Map<unknown, number>([
  ...[["HS256", 32], ["HS384", 48], ["HS512", 64], ["EdDSA", 64]] as const,
  ...[["ES256", 64], ["ES384", 96], ["ES512", 132]] as const,
]);

function whyCut(token: string, { header: { alg } }: DecodedToken): string | undefined {
  if (alg === "none") return "a token without a signature (`alg` is none)";
  const { length } = (token.split(".")[2] ?? "").replace(/={1,4}$/, "");
  const wanted = SIGNATURE_BYTES.get(alg);
  const state = `a token that was cut or edited: its signature has ${length} characters`;
  if (wanted !== undefined) {
    const right = Math.ceil(wanted * 4 / 3);
    return length === right ? undefined : `${state}, but one of ${alg} has ${right}`;
  }
  // RSA keys have a multiple of 512 bits in practice.
  const isRsa = typeof alg === "string" && /^(RS|PS)\d/.test(alg);
  return isRsa && Math.floor(length * 3 / 4) % 64 !== 0 ? `${state}, which ${alg} never produces` : undefined;
}

function recogniseJwt(decoded: DecodedToken, known: KnownSetup): Named {
  const { header: { kid, alg }, claims: { iss, aud } } = decoded;
  const isPublished = known.keyIds.some((published) => published === kid);
  const isForInstance = textsOf(aud).some((audience) => known.audiences.includes(audience));
  const isOurs = iss === known.issuer;
  if (isPublished && (isOurs || isForInstance)) return functions(kid);
  if (known.providers.some((issuer) => issuer === iss)) return ofProvider(iss, known);
  const ofSupabase = recogniseSupabase(decoded, known);
  if (ofSupabase !== undefined) return ofSupabase;
  const isShared = typeof alg === "string" && alg.startsWith("HS");
  if (isShared && (isOurs || isForInstance || (kid !== undefined && kid === known.sharedKid))) {
    const what = `a PowerSync token signed with a shared secret (${alg}, \`kid\` ${named(kid)})`;
    return { owner: "shared-secret", what };
  }
  if (isPublished) return functions(kid);
  if (typeof kid === "string" && kid.startsWith(LOCAL_KEY_PREFIX)) {
    const what = `a PowerSync token signed with a development key: its \`kid\` is ${
      named(kid)
    }; this project publishes ${
      known.keyIds.length === 0 ? "no key that is known here" : named(known.keyIds)
    }`;
    return { owner: "development-key", what };
  }
  if (iss === DASHBOARD_ISSUER) {
    return { owner: "powersync-dashboard", what: "a development token of the PowerSync dashboard" };
  }
  // PowerSync's own instructions let some providers issue tokens for the instance.
  if (
    providerOf(iss) === undefined &&
    (isOurs || isForInstance || (typeof kid === "string" && kid.startsWith("powersync-")))
  ) {
    return powersyncToken(decoded, { known, isForInstance });
  }
  return ofProvider(iss, known);
}

function functions(kid: unknown): Named {
  return {
    owner: "functions",
    what: `a PowerSync token signed with the key ${named(kid)}, which this project publishes`,
  };
}

function powersyncToken(
  { header: { kid }, claims: { aud, iss } }: DecodedToken,
  { known, isForInstance }: { known: KnownSetup; isForInstance: boolean },
): Named {
  const { keyIds, audiences } = known;
  const keys = keyIds.length === 0
    ? `its \`kid\` is ${named(kid)}`
    : `its \`kid\` is ${named(kid)}, and this project publishes ${named(keyIds)}`;
  if (isForInstance || audiences.length === 0) {
    if (keyIds.length === 0) return { owner: "functions", what: `a PowerSync token: ${keys}` };
    return {
      owner: "unpublished-key",
      what: `a PowerSync token for this instance with a key that is not published: ${keys}`,
    };
  }
  const what = `a PowerSync token of another project: ${keys}; its \`aud\` is ${named(aud)}, and here it is ${
    named(audiences)
  }; its \`iss\` is ${named(iss)}`;
  return { owner: "other-powersync", what };
}

function recogniseSupabase({ header, claims }: DecodedToken, known: KnownSetup): Named | undefined {
  const { iss, role, sub, ref, client_id } = claims;
  const isAuth = typeof iss === "string" && /\/auth\/v1\/?$/.test(iss);
  if ((role === "anon" || role === "service_role") && sub === undefined) {
    const of = `of ${ref === undefined ? "a Supabase project" : `the Supabase project ${named(ref)}`}`;
    return role === "anon"
      ? { owner: "publishable-key", what: `the legacy \`anon\` API key ${of}` }
      : { owner: "secret-key", what: `the legacy \`service_role\` API key ${of}` };
  }
  // Self-hosted, it may state no issuer, or any.
  const isSession = typeof role === "string" && claims.session_id !== undefined &&
    claims.app_metadata !== undefined;
  if (!isAuth && !isSession) return undefined;
  const from = `Supabase Auth${iss === undefined ? "" : ` (\`iss\` is ${named(iss)})`}`;
  const mine = projectOf(known.supabaseUrl);
  const theirs = projectOf(iss);
  const state = mine !== undefined && theirs !== undefined && mine !== theirs
    ? `: it belongs to the project ${named(theirs)}, and this project is ${named(mine)}`
    : "";
  if (role === undefined) return { owner: "supabase-id-token", what: `an ID token from ${from}${state}` };
  const legacy = header.alg === "HS256" ? ", signed with its legacy secret (HS256)" : "";
  const what = `the access token of a user from ${from}${legacy}${state}`;
  if (state !== "") return { owner: "supabase-other-project", what };
  if (client_id === undefined) return { owner: "supabase-user", what };
  return {
    owner: "supabase-oauth-client",
    what: `an access token from ${from} for the OAuth client ${named(client_id)}, a third-party app`,
  };
}

/** The reference of a hosted project, or "local"; `undefined` where a URL does not tell, as a custom domain. */
function projectOf(url: unknown): string | undefined {
  if (typeof url !== "string") return undefined;
  return isLoopback(url) ? "local" : /^https:\/\/([a-z0-9]+)\.supabase\.(co|in|red)(\/|$)/.exec(url)?.[1];
}

function ofProvider(iss: unknown, { providers }: KnownSetup): Named {
  if (iss === undefined) {
    return { owner: "unknown-issuer", what: "a JWT that does not say who issued it (no `iss`)" };
  }
  const name = providerOf(iss)?.name;
  const what = `a token of ${name ?? "an issuer that is not known here"} (\`iss\` is ${named(iss)})`;
  const entry = providers.findIndex((issuer) => issuer === iss) + 1;
  if (entry > 0) {
    return { owner: "provider", what: `${what}, entry ${entry} in POWERSYNC_IDENTITY_PROVIDERS` };
  }
  return { owner: name === undefined ? "unknown-issuer" : "provider", what };
}
