import { type ErrorCode, PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";

/** Where secrets are used: on this computer, or by a deployment, which must not get what is for this computer. */
export type Place = "local" | "deployment";

/** A rule for the URL of a PowerSync instance, and for an audience that is a URL. */
export type UrlRule =
  | "POWERSYNC_URL_INVALID"
  | "local-url"
  | "url-placeholder"
  | "url-dashboard"
  | "url-supabase"
  | "url-http-public"
  | "url-private"
  | "url-has-path"
  | "url-not-exact"
  | "url-trailing-slash";

/** What the functions do not check. */
export type Rule =
  | UrlRule
  | "name-misspelt"
  | "secret-not-a-jwk"
  | "secrets-swapped"
  | "api-key-is-secret"
  | "issuer-supabase"
  | "shared-key-invalid"
  | "local-key"
  | "local-shared-key";

/** Something wrong with a set of secrets. */
export interface Finding {
  /** A code of the functions, or a rule of ours. */
  readonly id: ErrorCode | Rule;
  /** The variable as it is named in the set. */
  readonly name: string;
  /** With an error, something does not work or is not safe. */
  readonly severity: "error" | "warning";
  /** A sentence that names the variable and never repeats a key. */
  readonly message: string;
  /** What to do, without commands; empty when the message is enough. */
  readonly hint: string;
  /** The value to set instead, when it is known. */
  readonly correct?: string;
  /** The name that was meant, when this one is misspelt. */
  readonly rename?: string;
  /** Whether `mendedValue` knows the value to set, which is a secret. */
  readonly mendable?: true;
}

/** What a finding says; an error, unless it says otherwise. */
export type Details = Pick<Finding, "message"> & Partial<Omit<Finding, "id" | "name">>;

/** Makes a finding. */
export function finding(id: Finding["id"], name: string, details: Details): Finding {
  return { id, name, severity: "error", hint: "", ...details };
}

/** What is read, or the error that the functions throw for it. */
export function tried<Read>(read: () => Read): Read | PowerSyncAuthError {
  try {
    return read();
  } catch (error) {
    if (error instanceof PowerSyncAuthError) return error;
    throw error;
  }
}

/** What the functions would refuse, in their own words. */
export function refusedByFunctions(name: string, { code, message, hint }: PowerSyncAuthError): Finding {
  return finding(code, name, { message, hint });
}
