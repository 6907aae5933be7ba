import { SETTINGS } from "../../supabase/functions/_shared/powersync/settings.ts";
import { withProgress } from "../cli/progress.ts";
import { shown } from "../cli/shown.ts";
import { inspectPowerSyncUrl } from "../setup/powersync-url.ts";
import { isLoopback, withoutTrailingSlash } from "../setup/project-url.ts";
import {
  askPowerSync,
  checksOfTokens,
  examineFunctionTokens,
  examineGivenToken,
  type ServerView,
} from "./candidates.ts";
import { type Check, checkOfFinding, type Found, probed, skipped } from "./check.ts";
import { checkClocks, clockAhead } from "./clock.ts";
import { examineProject, findJwks } from "./deployment.ts";
import type { ProjectKind } from "./fix-context.ts";
import { type ExamineOptions, instanceOfFile } from "./scope.ts";
import { checkSecrets } from "./secrets.ts";

export interface Examined {
  readonly checks: readonly Check[];
  readonly projectKind: ProjectKind;
  /** Where the functions send clients, if that may be an instance. */
  readonly endpoint: string | undefined;
}

/** Examines a set-up: its file, its deployment, and whether PowerSync accepts its tokens. */
export async function examine(given: ExamineOptions): Promise<Examined> {
  const { file, now, powersync, project } = given;
  const options = { ...given, file: concernsProject(given) ? file : undefined };
  const secrets = file === undefined ? [] : await checkSecrets(file, {
    nowSeconds: now(),
    supabaseUrl: project,
    isHere: [project, options.jwksUrl, powersync].some((url) => url !== undefined && isLoopback(url)),
  });
  const jwks = await withProgress("the JWKS", findJwks(options));
  const ahead = clockAhead(jwks.response, now());
  const servers: ServerView = { jwks: jwks.body, nowSeconds: now() + (ahead ?? 0) };
  const functions = await withProgress(
    "the auth functions",
    examineProject({ ...options, now: () => now() + (ahead ?? 0) }, {
      reachable: jwks.response !== undefined,
    }),
  );
  const answered = functions.map(({ endpoint }) => endpoint).find((url) => url !== undefined);
  const endpoint = answered === undefined ? undefined : withoutTrailingSlash(answered);
  const tokens = [
    ...await examineGivenToken(options, { servers, endpoint }),
    ...await examineFunctionTokens(functions, { options, servers }),
  ];
  const instance = await withProgress(
    "the PowerSync instance",
    askPowerSync(options, {
      tokens,
      isOrder: secrets.every(({ status }) => status !== "failed"),
      servers,
    }),
  );
  const checks = [
    ...secrets,
    ...checkNamedUrl(options, { isFileUrlGood: secrets.every(isUrlGood) }),
    ...jwks.checks,
    ...functions.flatMap(({ checks }) => checks),
    ...checksOfTokens(tokens, instance.accepted),
    ...checkNamedAudience(options, tokens),
    ...instance.checks,
    ...checkClocks(
      { functions: ahead, instance: clockAhead(instance.response, now()) },
      lifetimeOf(file?.variables.POWERSYNC_TOKEN_TTL),
    ),
  ];
  const isUsable = inspectPowerSyncUrl("", endpoint ?? "", { place: "local" })
    .every(({ severity }) => severity === "warning");
  return {
    checks,
    projectKind: kindOf(given, [jwks, ...functions]),
    endpoint: isUsable ? endpoint : undefined,
  };
}

/** The file of local development says nothing about a deployment. */
function concernsProject({ file, project, jwksUrl }: ExamineOptions): boolean {
  const url = jwksUrl ?? project;
  return file !== undefined && (!file.local || url === undefined || isLoopback(url));
}

function kindOf(
  { project, file }: ExamineOptions,
  found: readonly Found[],
): ProjectKind {
  const answered = found.filter(({ response }) => response !== undefined).map(({ answeredBy }) => answeredBy);
  if (project !== undefined && /\.supabase\.co$/.test(project)) return "hosted";
  if (answered.includes("self-hosted")) return "self-hosted";
  // Without a file, only what does not answer may be the development server.
  const isDevelopment = file?.local ?? answered.length === 0;
  const isHere = project !== undefined && isLoopback(project) && isDevelopment;
  return isHere && !answered.includes("platform") ? "local" : "hosted";
}

/** Of the functions' tokens, in seconds; a setting that cannot be read is a finding of its own. */
function lifetimeOf(setting = ""): number {
  return /^\d+$/.test(setting.trim()) ? Number(setting) : SETTINGS.POWERSYNC_TOKEN_TTL.fallback;
}

/** An audience is compared with a token's. */
function checkNamedAudience({ audiences }: ExamineOptions, tokens: readonly unknown[]): Check[] {
  if (audiences.length === 0 || tokens.length > 0) return [];
  const seen = "There is no token to compare it with: pass --token, --publishable-key or --user-token.";
  return [skipped({ id: "audience", title: "--audience" }, seen, { wanted: true })];
}

function isUrlGood({ id, status }: Check): boolean {
  return id !== "powersync-url" || status !== "failed";
}

/** @param known `isFileUrlGood`: the file's URL has no fault of its own, which would say the same. */
function checkNamedUrl(options: ExamineOptions, { isFileUrlGood }: { isFileUrlGood: boolean }): Check[] {
  const { powersync, project } = options;
  const subject = { id: "powersync-given", title: "--powersync" };
  const isHere = [project, powersync].some((url) => url !== undefined && isLoopback(url));
  const place = isHere ? "local" : "deployment";
  const found = inspectPowerSyncUrl("--powersync", powersync ?? "", { place }).map((finding) =>
    checkOfFinding(subject, finding)
  );
  const ofFile = instanceOfFile(options);
  const isOther = isFileUrlGood && powersync !== undefined && ofFile !== undefined &&
    ofFile.url !== powersync;
  if (found.length > 0 || !isOther) return found;
  const seen = `${ofFile.by} is ${shown(ofFile.url, 240)}, and --powersync is ${shown(powersync, 240)}.`;
  return [probed({ id: "powersync-url", title: "POWERSYNC_URL" }, "endpoint-other", { seen })];
}
