/**
 * Supabase Auth on loopback: it knows the project's keys and its legacy secret, checks tokens as the real one does, and
 * answers in its words. `auth_stand_in_test.ts` holds it to what was measured of the real one (2.196, August 2026).
 */
import { decodeProtectedHeader, type JWK, type JWTPayload, jwtVerify } from "jose";
import { type Asked, HttpStandIn, type Reply } from "./http_stand_in.ts";
import { LEGACY_SECRET, projectKeys, PUBLISHABLE_KEY } from "./project.ts";

/** What became of the user whose token is asked about; `banned-before-2.195` is what older versions answer. */
export type Fate = "active" | "signed-out" | "deleted" | "banned" | "banned-before-2.195" | "database-away";

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

const REFUSALS: Readonly<Record<Exclude<Fate, "active" | "banned-before-2.195">, [number, string, string]>> =
  {
    "signed-out": [403, "session_not_found", "Session from session_id claim in JWT does not exist"],
    "deleted": [403, "user_not_found", "User from sub claim in JWT does not exist"],
    "banned": [403, "user_banned", "User is banned"],
    "database-away": [
      500,
      "unexpected_failure",
      "Unexpected failure, please check server logs for more information",
    ],
  };

/** An error in the words of Supabase Auth; a gateway's errors have neither the members nor the header. */
export function authError(status: number, code: string, msg = code): Response {
  return Response.json({ code: status, error_code: code, msg }, {
    status,
    headers: { "x-sb-error-code": code },
  });
}

export class AuthStandIn extends HttpStandIn implements AsyncDisposable {
  /** How often each endpoint was asked. */
  readonly calls = { jwks: 0, user: 0 };
  /** What GET /user was asked about. */
  readonly tokens: string[] = [];
  /** The keys that the JWKS shows at the moment; tokens of the project's other keys are good too. */
  published: readonly JWK[];
  /** What became of the users. */
  fate: Fate = "active";
  /** Whether the gateway in front accepts an API key. */
  gateway = (apikey: string | null): boolean => apikey === PUBLISHABLE_KEY;
  /** Answers in place of the JWKS, to fail as an upstream can. */
  jwks: ((asked: Asked) => Reply | Promise<Reply>) | undefined;
  /** Answers in place of GET /user. */
  user: ((token: string) => Reply | Promise<Reply>) | undefined;

  constructor(published: readonly JWK[] = []) {
    super((asked) => this.#answer(asked));
    this.published = published;
  }

  /** Makes both endpoints answer the same, or work again. */
  fail(reply: (() => Reply) | undefined): void {
    [this.jwks, this.user] = [reply, reply];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #answer(asked: Asked): Reply | Promise<Reply> {
    const { path, headers } = asked;
    if (path === "/auth/v1/.well-known/jwks.json") {
      this.calls.jwks += 1;
      return this.jwks?.(asked) ?? this.#keys();
    }
    if (path !== "/auth/v1/user") {
      return Response.json({ message: "no Route matched with those values" }, { status: 404 });
    }
    this.calls.user += 1;
    const token = (headers.get("Authorization") ?? "").replace(/^Bearer /, "");
    this.tokens.push(token);
    if (this.user !== undefined) return this.user(token);
    // Kong, the gateway in front of Auth.
    return this.gateway(headers.get("apikey"))
      ? this.#userOf(token)
      : Response.json({ message: "Invalid authentication credentials" }, { status: 401 });
  }

  #keys(): Response {
    const keys = this.published.map((key) => ({ ...key, key_ops: ["verify"] }));
    return Response.json({ keys }, { headers: { "Cache-Control": "public, max-age=600" } });
  }

  async #userOf(token: string): Promise<Response> {
    const claims = await verified(token);
    if (claims?.sub === undefined) {
      return authError(403, "bad_jwt", "invalid JWT: unable to parse or verify signature");
    }
    if (!UUID.test(claims.sub)) return authError(400, "bad_jwt", "invalid claim: sub claim must be a UUID");
    if (this.fate !== "active" && this.fate !== "banned-before-2.195") {
      return authError(...REFUSALS[this.fate]);
    }
    const banned = this.fate === "active" ? {} : { banned_until: "2126-01-01T00:00:00Z" };
    return Response.json({
      id: claims.sub,
      aud: "authenticated",
      role: claims.role,
      email: claims.email,
      ...banned,
    });
  }
}

async function verified(token: string): Promise<JWTPayload | undefined> {
  try {
    const { alg, kid } = decodeProtectedHeader(token);
    const key = Object.values(projectKeys).find((key) => key.kid === kid && key.alg === alg);
    const { payload } = key === undefined
      ? await jwtVerify(token, new TextEncoder().encode(LEGACY_SECRET), { algorithms: ["HS256"] })
      : await jwtVerify(token, key.publicJwk, { algorithms: [key.alg] });
    return payload;
  } catch {
    return undefined;
  }
}
