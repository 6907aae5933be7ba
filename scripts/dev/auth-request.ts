import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";

const EMAIL = /^(?=.{1,255}$)[^\s@]+@[^\s@]+$/;
/** Supabase's own default. */
const MIN_PASSWORD_CHARACTERS = 6;
const MAX_PASSWORD_BYTES = 72;

/** Supabase Auth's errors, and how a project answers that has something turned off which is not here. */
const ERRORS = {
  bad_json: [400, "Could not parse request body as JSON"],
  bad_jwt: [403, "invalid JWT: unable to parse or verify signature, or expired"],
  email_exists: [422, "A user with this email address has already been registered"],
  email_not_confirmed: [400, "Email not confirmed"],
  email_provider_disabled: [422, notHere("password reset")],
  invalid_credentials: [400, "Invalid login credentials"],
  mfa_totp_enroll_not_enabled: [422, notHere("MFA")],
  no_authorization: [401, "This endpoint requires a valid Bearer token"],
  not_admin: [403, "User not allowed"],
  not_found: [404, "The development Auth has no such endpoint."],
  otp_disabled: [422, notHere("one-time passwords, magic links and e-mail confirmation")],
  phone_provider_disabled: [422, notHere("phone numbers")],
  refresh_token_already_used: [400, "Invalid Refresh Token: Already Used"],
  refresh_token_not_found: [400, "Invalid Refresh Token: Refresh Token Not Found"],
  same_password: [422, "New password should be different from the old password."],
  session_not_found: [403, "Session from session_id claim in JWT does not exist"],
  user_already_exists: [422, "User already registered"],
  user_banned: [403, "User is banned"],
  user_not_found: [403, "User from sub claim in JWT does not exist"],
  validation_failed: [400, "The request is not valid"],
  weak_password: [422, `Password should be at least ${MIN_PASSWORD_CHARACTERS} characters.`],
} as const;

/** A refusal by Supabase Auth. */
export class AuthError extends Error {
  constructor(
    readonly code: keyof typeof ERRORS,
    message: string = ERRORS[code][1],
    readonly status: number = ERRORS[code][0],
  ) {
    super(message);
  }
}

/** The members of a request's body, each checked for its type when it is read. */
export class AuthBody {
  readonly text = (name: string) => this.#read(name, (value) => typeof value === "string");
  readonly flag = (name: string) => this.#read(name, (value) => typeof value === "boolean");
  readonly object = (name: string) => this.#read(name, isJsonObject);

  constructor(readonly members: Readonly<Record<string, unknown>>) {}

  /** The address and the password that a user will have. */
  credentials(): { readonly email: string | undefined; readonly password: string | undefined } {
    if (this.text("phone")) throw new AuthError("phone_provider_disabled");
    const [email, password] = [this.text("email")?.toLowerCase() || undefined, this.text("password")];
    if (new TextEncoder().encode(password).length > MAX_PASSWORD_BYTES) {
      throw new AuthError("validation_failed", "Password cannot be longer than 72 characters");
    }
    if (password !== undefined && password.length < MIN_PASSWORD_CHARACTERS) {
      throw new AuthError("weak_password");
    }
    if (email === undefined || EMAIL.test(email)) return { email, password };
    throw new AuthError("validation_failed", "Unable to validate email address: invalid format");
  }

  #read<Type>(name: string, isRight: (value: unknown) => value is Type): Type | undefined {
    const value = this.members[name] ?? undefined;
    if (value === undefined || isRight(value)) return value;
    throw new AuthError("bad_json", `${name} in the request body has the wrong type`);
  }
}

/**
 * Reads a body that must be a JSON object.
 *
 * @throws {AuthError} It is another thing.
 */
export async function readAuthBody(request: Request): Promise<AuthBody> {
  try {
    const members: unknown = await request.json();
    if (isJsonObject(members)) return new AuthBody(members);
  } catch {
    // Answered below, as any other body that is not an object.
  }
  throw new AuthError("bad_json");
}

function notHere(what: string): string {
  return `The development Auth has no ${what}. Set SUPABASE_URL to use a Supabase project.`;
}
