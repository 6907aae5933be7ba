import { createHmac, randomBytes } from "node:crypto";
import { AuthError } from "./auth-request.ts";

/** Development has few users, and a script that signs up in a loop must not fill the memory. */
const MAX_ACCOUNTS = 10_000;

/** A user as Supabase Auth answers it. */
export interface User {
  readonly id: string;
  readonly aud: "authenticated";
  readonly role: string;
  /** Empty for an anonymous user. */
  readonly email: string;
  readonly email_confirmed_at?: string | undefined;
  readonly phone: "";
  readonly last_sign_in_at?: string | undefined;
  readonly banned_until?: string | undefined;
  readonly app_metadata: Record<string, unknown>;
  /** What the user may edit. */
  readonly user_metadata: Record<string, unknown>;
  /** One for e-mail, if there is an address. */
  readonly identities: readonly { readonly identity_id: string }[];
  readonly created_at: string;
  readonly updated_at: string;
  readonly is_anonymous: boolean;
}

/** What to change of a user; `undefined` is no change. */
export interface Changes {
  readonly email?: string | undefined;
  readonly confirmsEmail?: boolean | undefined;
  readonly password?: string | undefined;
  readonly signsIn?: boolean;
  readonly role?: string | undefined;
  /** Empty: not banned. */
  readonly banned_until?: string | undefined;
  /** Merged, as `user_metadata`: `null` removes a member. */
  readonly app_metadata?: Record<string, unknown> | undefined;
  readonly user_metadata?: Record<string, unknown> | undefined;
}

/** Users, in memory. */
export class Accounts {
  readonly #users = new Map<string, User>();
  readonly #passwords = new Map<string, string>();
  readonly #passwordSecret = randomBytes(32);
  readonly #now: () => number;

  /** @param now Milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The newest first. */
  get all(): User[] {
    return [...this.#users.values()].reverse();
  }

  find(id: string): User | undefined {
    return this.#users.get(id);
  }

  findByEmail(email: string): User | undefined {
    return this.#users.values().find((user) => user.email === email);
  }

  hasPassword({ id }: User, password: string): boolean {
    return this.#passwords.get(id) === this.#hash(password);
  }

  /**
   * Makes a user, who is anonymous without an e-mail address.
   *
   * @throws {AuthError} Another user has the address, or there are too many.
   */
  add(changes: Changes): User {
    if (this.#users.size >= MAX_ACCOUNTS) {
      const message = "The development Auth has too many users: restart it.";
      throw new AuthError(429, "over_request_rate_limit", message);
    }
    return this.update({
      id: crypto.randomUUID(),
      aud: "authenticated",
      role: "authenticated",
      email: "",
      phone: "",
      app_metadata: {},
      user_metadata: {},
      identities: [],
      created_at: this.#time(),
      updated_at: "",
      is_anonymous: changes.email === undefined,
    }, changes);
  }

  /**
   * Changes a user.
   *
   * @throws {AuthError} Another user has the address.
   */
  update(user: User, { password, signsIn, ...changes }: Changes): User {
    const { id } = user;
    const { email = user.email, role = user.role, banned_until = user.banned_until } = changes;
    if (email !== "" && (this.findByEmail(email) ?? user).id !== id) {
      throw new AuthError(422, "email_exists", "A user with this email address has already been registered");
    }
    const updated_at = this.#time();
    const confirmsEmail = changes.confirmsEmail === true && email !== "";
    const email_confirmed_at = confirmsEmail ? updated_at : user.email_confirmed_at;
    const provider = user.email === email ? {} : { provider: "email", providers: ["email"] };
    const verified = { email, email_verified: true, phone_verified: false, sub: id };
    const updated = {
      ...user,
      role,
      email,
      email_confirmed_at,
      last_sign_in_at: signsIn ? updated_at : user.last_sign_in_at,
      banned_until: banned_until || undefined,
      app_metadata: merged(user.app_metadata, { ...provider, ...changes.app_metadata }),
      user_metadata: merged(user.user_metadata, {
        ...changes.user_metadata,
        ...(confirmsEmail ? verified : {}),
      }),
      identities: email === "" ? [] : [{
        identity_id: user.identities[0]?.identity_id ?? crypto.randomUUID(),
        id,
        user_id: id,
        identity_data: { ...verified, email_verified: email_confirmed_at !== undefined },
        provider: "email",
        last_sign_in_at: user.created_at,
        created_at: user.created_at,
        updated_at,
        email,
      }],
      updated_at,
      is_anonymous: user.is_anonymous && !confirmsEmail,
    };
    this.#users.set(id, updated);
    if (password !== undefined) this.#passwords.set(id, this.#hash(password));
    return updated;
  }

  remove({ id }: User): void {
    this.#users.delete(id);
    this.#passwords.delete(id);
  }

  /** Not reversible without the secret, which ends with the process. */
  #hash(password: string): string {
    return createHmac("sha256", this.#passwordSecret).update(password).digest("base64");
  }

  #time(): string {
    return new Date(this.#now()).toISOString();
  }
}

function merged(
  metadata: Record<string, unknown>,
  changes: Record<string, unknown>,
): Record<string, unknown> {
  const all = Object.entries({ ...metadata, ...changes });
  return Object.fromEntries(all.filter(([, value]) => value !== null));
}
