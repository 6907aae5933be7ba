/** The claims of the tests' own copies of the project, as claims.ts ships. */

export function signedInClaims(user: { id: string; role: string; isAnonymous: boolean }) {
  return { sub: user.id, role: user.role, is_anonymous: user.isAnonymous };
}

export function anonymousClaims() {
  return { sub: "anonymous", role: "anon", is_anonymous: true };
}
