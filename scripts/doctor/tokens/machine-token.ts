import { type DecodedToken, named, textsOf } from "./decoded-token.ts";

type Claims = DecodedToken["claims"];

/** Claims that name the client to which a token was issued. */
const CLIENT_CLAIMS = ["client_id", "azp", "cid", "appid"];

/** Claims whose value says that their token is a machine's, by provider. */
const SIGNS: readonly (readonly [claim: string, form: RegExp])[] = [
  // Auth0 and Kinde.
  ["gty", /^client[-_]credentials$/],
  // Auth0, also in its RFC 9068 profile, which has no `gty`; then of agents.
  ["sub", /@clients$/],
  ["sub_profile", /^(?!user$)/],
  // Clerk and Stytch.
  ["sub", /^(mch_|m2m-client-)/],
  // Entra ID, where that optional claim is on.
  ["idtyp", /^app$/],
  // Keycloak.
  ["preferred_username", /^service-account-/],
];

/** What says that a token was issued to a machine, as the beginning of a sentence; `undefined` where nothing does. */
export function machineSign(claims: Claims): string | undefined {
  const sign = SIGNS.find(([claim, form]) => textsOf(claims[claim]).some((text) => form.test(text)));
  if (sign !== undefined) return `\`${sign[0]}\` is ${named(claims[sign[0]])}`;
  // RFC 9068, section 2.2: where no user is involved, the subject is the client. Google's service accounts are too.
  const client = CLIENT_CLAIMS.find((claim) => claims[claim] !== undefined && claims[claim] === claims.sub);
  return client === undefined ? undefined : `\`sub\` is the client itself, ${named(claims.sub)}`;
}
