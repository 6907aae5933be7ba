import { readSetting } from "../../supabase/functions/_shared/powersync/settings.ts";
import { audiencesOf } from "../setup/audience.ts";
import { withoutTrailingSlash } from "../setup/project-url.ts";
import type { SecretsFile } from "./secrets.ts";
import { issuersIn } from "./tokens/provider-list.ts";
import type { KnownSetup } from "./tokens/recognise-token.ts";

/** What is to be examined. */
export interface ExamineOptions {
  /** The file with secrets; `undefined` when there is none, or when it cannot be read. */
  readonly file: SecretsFile | undefined;
  readonly project?: string | undefined;
  /** The JWKS' address, when it is not the project's. */
  readonly jwksUrl?: string | undefined;
  readonly publishableKey?: string | undefined;
  /** The key was not given on the command line. If it is refused, the doctor goes on without one. */
  readonly isKeyGuessed?: boolean | undefined;
  readonly userToken?: string | undefined;
  readonly signInAnonymously?: boolean | undefined;
  /** The PowerSync instance that the command line names, without trailing slash. */
  readonly powersync?: string | undefined;
  /** Without `powersync`, the instance that the file names is asked as well. */
  readonly asksInstanceOfFile?: boolean | undefined;
  readonly token?: string | undefined;
  /** What PowerSync is configured with; by default the instance, or where the functions send clients. */
  readonly audiences: readonly string[];
  /** Seconds since 1970. */
  readonly now: () => number;
  /** As long as PowerSync waits for a JWKS. */
  readonly slowMs: number;
  /** As long as any server may take. */
  readonly timeoutMs: number;
}

/** The audiences of the file's setting, or of `--audience`; else the instance that is asked or that clients are sent to. */
export function audiencesFor(options: ExamineOptions, endpoint?: string): readonly string[] {
  const { POWERSYNC_AUDIENCE, POWERSYNC_URL = "" } = options.file?.variables ?? {};
  const url = options.powersync ?? endpoint ?? POWERSYNC_URL;
  const stated = options.audiences.length > 0 || POWERSYNC_AUDIENCE?.trim() || url.trim();
  return stated ? audiencesOf({ POWERSYNC_AUDIENCE, POWERSYNC_URL: url }, options.audiences) : [];
}

/** An instance's URL without trailing slash, and who says so. */
export interface NamedInstance {
  readonly url: string;
  readonly by: string;
}

/** The instance that the file names. */
export function instanceOfFile({ file }: ExamineOptions): NamedInstance | undefined {
  const url = withoutTrailingSlash(file?.variables.POWERSYNC_URL ?? "");
  return file === undefined || url === "" ? undefined : { url, by: `POWERSYNC_URL in ${file.path}` };
}

/** Where the functions should send clients: to the instance that the command line names, or else the file. */
export function expectedInstance(options: ExamineOptions): NamedInstance | undefined {
  const { powersync } = options;
  return powersync === undefined ? instanceOfFile(options) : { url: powersync, by: "--powersync" };
}

/** What a token is compared with, as far as the file says it. */
export function knownSetup({ file, project }: Pick<ExamineOptions, "file" | "project">): KnownSetup {
  const variables = file?.variables ?? {};
  return {
    supabaseUrl: project,
    issuer: readSetting(variables, "POWERSYNC_ISSUER"),
    keyIds: [],
    audiences: [],
    providers: issuersIn(variables.POWERSYNC_IDENTITY_PROVIDERS),
  };
}
