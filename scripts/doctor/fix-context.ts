/** What a cause is, what fixes it, and the set-up that the fix is for. */
import type { Invocation } from "../cli/invocation.ts";
import type { PowerSyncCode } from "../powersync/codes.ts";

/** What an answer has when something else gave it than the function; every part that is stated must hold. */
export interface Form {
  readonly status?: readonly number[];
  /** In the body, or in the header with which Supabase's platform states an error code. */
  readonly says?: RegExp;
  readonly isPage?: boolean;
}

/** Why something fails. */
export interface Cause {
  /** What answers have by which it is known; of all causes, the first counts. */
  readonly when?: readonly Form[];
  /** What it means, as sentences that follow what was seen. */
  readonly means: string;
  /** The code that PowerSync's clients see; none when PowerSync does not notice. */
  readonly code?: PowerSyncCode;
  /** It works, and should be changed. */
  readonly isWarning?: true;
  readonly fix: HowToFix;
}

/** The commands and the sentence that fix a cause; a sentence alone where there is no command. */
export type HowToFix = string | ((context: FixContext) => Fix | string);

export interface Fix {
  /** In this order, each complete. */
  readonly commands: readonly string[];
  /** What the commands cannot say; what to do where there is no command. */
  readonly note: string;
}

/** A change of the secrets: the file is changed first, or its next upload brings the fault back. */
export interface EnvChange {
  readonly set?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
  readonly rename?: readonly [from: string, to: string];
  /** A new key in the place of those in the file. */
  readonly newKey?: true;
  /** POWERSYNC_URL is set to the instance that was named; else to what `set` says, or to the one that is live. */
  readonly instance?: true;
  /** What to write is known to a person only. */
  readonly byHand?: true;
}

/** The set-up that the commands are for. */
export interface SetUp {
  readonly invocation: Invocation;
  /** This command again, without secrets. */
  readonly again: string;
  /** The secrets of the deployment; for a finding in a local file, that file. */
  readonly file: FixFile;
  readonly project: ProjectKind;
  /** The project's reference or URL, where it is known. */
  readonly projectName: string | undefined;
  readonly ref: string | undefined;
  readonly jwksUrl: string | undefined;
  /** The JWKS URI that was named is not the project's. */
  readonly isOtherJwksUrl: boolean;
  /** The instance that was named. */
  readonly powersync: string | undefined;
  /** What PowerSync is configured with, where that was named. */
  readonly audiences: readonly string[];
  /** Where the functions send clients, if that may be an instance. */
  readonly endpoint: string | undefined;
}

/** The set-up, and the finding that is to be fixed. */
export interface FixContext extends SetUp {
  /** What the check looked at. */
  readonly id: string;
  readonly cause: string;
  /** What to do, in the words of whoever found it; may be empty. */
  readonly hint: string;
}

export interface FixFile {
  readonly path: string;
  /** It is for this computer: it is not uploaded. */
  readonly isLocal: boolean;
  /** The variables in it; `undefined` when there is no such file. */
  readonly names: readonly string[] | undefined;
  /** POWERSYNC_URL in it, without trailing slash. */
  readonly url: string | undefined;
  /** It has a key that signs. */
  readonly canSign: boolean;
}

/** Where the functions run, which decides how they are deployed. */
export type ProjectKind = "hosted" | "self-hosted" | "local";
