import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import { readBody } from "./read-body.ts";

/** Longest body that is read, in bytes. */
const MAX_BODY_BYTES = 64 * 1024;
const MAX_EMAIL_CHARACTERS = 255;
/** Supabase's own default. */
const MIN_PASSWORD_CHARACTERS = 6;
const MAX_PASSWORD_BYTES = 72;

/** A refusal, in the form that supabase-js reads. */
export class AuthError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** Further members of the answer. */
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

/** What Supabase Auth has and the development Auth does not. The code is that of a project that has it turned off. */
export function notHere(code: string, what: string): AuthError {
  const message = `The development Auth has no ${what}. Set SUPABASE_URL to use a Supabase project.`;
  return new AuthError(422, code, message);
}

/** Reads the members of a request's body. */
export class AuthBody {
  readonly #members: Readonly<Record<string, unknown>>;

  constructor(members: Readonly<Record<string, unknown>>) {
    this.#members = members;
  }

  get names(): string[] {
    return Object.keys(this.#members);
  }

  text(name: string): string | undefined {
    return this.#read(name, (value) => typeof value === "string");
  }

  flag(name: string): boolean | undefined {
    return this.#read(name, (value) => typeof value === "boolean");
  }

  object(name: string): Record<string, unknown> | undefined {
    return this.#read(name, isJsonObject);
  }

  /** In lower case; `undefined` where there is none. */
  get email(): string | undefined {
    if (this.text("phone")) throw notHere("phone_provider_disabled", "phone numbers");
    const email = this.text("email")?.toLowerCase();
    if (!email || (/^[^\s@]+@[^\s@]+$/.test(email) && email.length <= MAX_EMAIL_CHARACTERS)) {
      return email || undefined;
    }
    throw new AuthError(400, "validation_failed", "Unable to validate email address: invalid format");
  }

  /** A new password. */
  get password(): string | undefined {
    const password = this.text("password");
    if (password === undefined) return undefined;
    if (new TextEncoder().encode(password).length > MAX_PASSWORD_BYTES) {
      throw new AuthError(400, "validation_failed", "Password cannot be longer than 72 characters");
    }
    if (password.length >= MIN_PASSWORD_CHARACTERS) return password;
    const message = `Password should be at least ${MIN_PASSWORD_CHARACTERS} characters.`;
    throw new AuthError(422, "weak_password", message, { weak_password: { reasons: ["length"] } });
  }

  #read<Type>(name: string, isRight: (value: unknown) => value is Type): Type | undefined {
    const value = this.#members[name] ?? undefined;
    if (value === undefined || isRight(value)) return value;
    throw new AuthError(400, "bad_json", `Could not parse request body as JSON: ${name} has the wrong type`);
  }
}

/**
 * Reads a body that must be a JSON object.
 *
 * @throws {AuthError} It is another thing, or too large.
 */
export async function readAuthBody(request: Request): Promise<AuthBody> {
  const bytes = await readBody(request, MAX_BODY_BYTES);
  if (bytes === undefined) throw new AuthError(413, "validation_failed", "The body is too large.");
  try {
    const members: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (isJsonObject(members)) return new AuthBody(members);
  } catch {
    // Answered below, as any other body that is not an object.
  }
  throw new AuthError(400, "bad_json", "Could not parse request body as JSON");
}
