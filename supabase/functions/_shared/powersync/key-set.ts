import type { FlattenedJWSInput, JSONWebKeySet, JWSHeaderParameters } from "jose";
import * as errors from "jose/errors";

/** A key set of jose's, local or remote. */
export interface KeySet {
  (header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey>;
  jwks(): JSONWebKeySet | undefined;
}

/**
 * Tells a key ID that a set does not show from one whose key is for another algorithm, which jose both calls "no
 * matching key". Only the first is worth asking somebody else about; the second is an attack (RFC 8725, section 2.1)
 * and must not cost a question.
 *
 * @returns The key for a token's header. It throws `errors.JWKSNoMatchingKey` in the first case,
 * `errors.JOSEAlgNotAllowed` in the second.
 */
export function knownKeyIsFinal(
  keys: KeySet,
): (header: JWSHeaderParameters, token: FlattenedJWSInput) => Promise<CryptoKey> {
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      if (!keys.jwks()?.keys.some(({ kid }) => kid === header.kid)) throw error;
      throw new errors.JOSEAlgNotAllowed("The key is for another algorithm.", { cause: error });
    }
  };
}
