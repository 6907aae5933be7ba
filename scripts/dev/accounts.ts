import { createHmac, randomBytes } from "node:crypto";
import { AuthError } from "./auth-request.ts";

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

type Changed = "email" | "role" | "banned_until" | "app_metadata" | "user_metadata";

/** What to change of a user. Metadata are merged, `null` removes a member; an empty `banned_until` ends a ban. */
export type Changes = { readonly [Name in Changed]?: User[Name] | undefined } & {
  readonly password?: string | undefined;
  readonly confirmsEmail?: boolean | undefined;
  readonly signsIn?: boolean;
};

/** Users, in memory. */
export class Accounts {
  readonly #users = new Map<string, User>();
  readonly #passwords = new Map<string, string>();
  readonly #passwordSecret = randomBytes(32);

  /** @param now Milliseconds since 1970. */
  constructor(readonly now: () => number) {}

  /** The newest first. */
  get all(): User[] {
    return [...this.#users.values()].reverse();
  }

  find(id: string): User | undefined {
    return this.#users.get(id);
  }

  findByEmail(email: string): User | undefined {
    return this.#users.values().find((user) => user.email === email.toLowerCase());
  }

  hasPassword({ id }: User, password: string): boolean {
    return this.#passwords.get(id) === this.#hash(password);
  }

  /**
   * Makes a user, who is anonymous without an e-mail address.
   *
   * @throws {AuthError} Another user has the address.
   */
  add(changes: Changes): User {
    const created_at = new Date(this.now()).toISOString();
    return this.update({
      ...{ id: crypto.randomUUID(), aud: "authenticated", role: "authenticated", email: "", phone: "" },
      ...{ app_metadata: {}, user_metadata: {}, identities: [], created_at, updated_at: created_at },
      is_anonymous: changes.email === undefined,
    }, changes);
  }

  /**
   * Changes a user.
   *
   * @throws {AuthError} Another user has the address.
   */
  update(user: User, { email = user.email, role = user.role, ...changes }: Changes): User {
    const { id, created_at } = user;
    if (email !== "" && (this.findByEmail(email) ?? user).id !== id) throw new AuthError("email_exists");
    const updated_at = new Date(this.now()).toISOString();
    const confirmsEmail = changes.confirmsEmail === true && email !== "";
    const email_confirmed_at = confirmsEmail ? updated_at : user.email_confirmed_at;
    const provider = email === user.email ? {} : { provider: "email", providers: ["email"] };
    const isVerified = email_confirmed_at !== undefined;
    const identity_data = { email, email_verified: isVerified, phone_verified: false, sub: id };
    const identity_id = user.identities[0]?.identity_id ?? crypto.randomUUID();
    const last_sign_in_at = changes.signsIn ? updated_at : user.last_sign_in_at;
    const times = { created_at, updated_at, last_sign_in_at };
    const identity = { identity_id, id, user_id: id, identity_data, provider: "email", email, ...times };
    const updated = {
      ...{ ...user, email, role, email_confirmed_at, ...times },
      banned_until: (changes.banned_until ?? user.banned_until) || undefined,
      app_metadata: merged(user.app_metadata, provider, changes.app_metadata),
      user_metadata: merged(user.user_metadata, changes.user_metadata, confirmsEmail ? identity_data : {}),
      identities: email === "" ? [] : [identity],
      is_anonymous: user.is_anonymous && !confirmsEmail,
    };
    this.#users.set(id, updated);
    if (changes.password !== undefined) this.#passwords.set(id, this.#hash(changes.password));
    return updated;
  }

  remove({ id }: User): void {
    this.#users.delete(id);
    this.#passwords.delete(id);
  }

  /** Not to be reversed without the secret, which ends with the process. */
  #hash(password: string): string {
    return createHmac("sha256", this.#passwordSecret).update(password).digest("base64");
  }
}

function merged(...parts: (Record<string, unknown> | undefined)[]): Record<string, unknown> {
  const all = Object.entries(Object.assign({}, ...parts));
  return Object.fromEntries(all.filter(([, value]) => value !== null));
}
