import { Buffer } from "node:buffer";
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

const derive = promisify<string, Buffer, number, Buffer>(scrypt);

/** Development has few users, and a page that signs up in a loop must not fill the memory. */
const MAX_ACCOUNTS = 10_000;

/** Bytes of the derived key, and of the salt. */
const KEY_BYTES = 32;
const SALT_BYTES = 16;

/** A user of the development Auth. */
export interface Account {
  readonly id: string;
  /** Absent when signed in anonymously. */
  readonly email?: string;
  readonly createdAt: string;
  /** What the user may edit. */
  readonly userMetadata: Record<string, unknown>;
}

interface Password {
  readonly salt: Buffer;
  readonly key: Buffer;
}

/** Users, in memory. */
export class Accounts {
  readonly #byId = new Map<string, Account>();
  readonly #byEmail = new Map<string, { account: Account; password: Password }>();

  /** Makes a user without e-mail address and password, or `undefined` when there are too many. */
  addAnonymous(userMetadata: Record<string, unknown>): Account | undefined {
    return this.#add({ userMetadata });
  }

  /** Makes a user, or `undefined` when the address is taken or there are too many. */
  async addWithPassword(
    { email, password, userMetadata }: {
      email: string;
      password: string;
      userMetadata: Record<string, unknown>;
    },
  ): Promise<Account | undefined> {
    const salt = randomBytes(SALT_BYTES);
    const key = await derive(password, salt, KEY_BYTES);
    const address = email.toLowerCase();
    if (this.#byEmail.has(address)) return undefined;
    const account = this.#add({ email: address, userMetadata });
    if (account !== undefined) this.#byEmail.set(address, { account, password: { salt, key } });
    return account;
  }

  /** The user whose address and password these are. */
  async findByPassword(
    { email, password }: { email: string; password: string },
  ): Promise<Account | undefined> {
    const found = this.#byEmail.get(email.toLowerCase());
    if (found === undefined) return undefined;
    const key = await derive(password, found.password.salt, KEY_BYTES);
    return timingSafeEqual(key, found.password.key) ? found.account : undefined;
  }

  find(id: string): Account | undefined {
    return this.#byId.get(id);
  }

  #add(account: Omit<Account, "id" | "createdAt">): Account | undefined {
    if (this.#byId.size >= MAX_ACCOUNTS) return undefined;
    const added = { ...account, id: crypto.randomUUID(), createdAt: new Date().toISOString() };
    this.#byId.set(added.id, added);
    return added;
  }
}
