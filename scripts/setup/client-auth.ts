/** PowerSync's client authentication settings, as text to paste. */

import { safeJson, shown } from "../cli/shown.ts";
import { isPrivateHost } from "./project-url.ts";

/** A JWK for PowerSync's configuration: its members are strings only. */
export type ConfiguredKey = Readonly<Record<string, string>>;

/** What makes PowerSync accept tokens. */
export interface ClientAuth {
  readonly audiences: readonly string[];
  /** Where PowerSync fetches the keys; `undefined` when they are inline. */
  readonly jwksUri?: string;
  /** Inline keys. */
  readonly keys?: readonly ConfiguredKey[];
}

/**
 * The `client_auth` block of a self-hosted PowerSync Service, in service.yaml, or of PowerSync Cloud, for
 * powersync/service.yaml of PowerSync's CLI (npm `powersync` 0.10), where the instance's own URL is an audience too.
 * Every value is a JSON string, which YAML reads as it is.
 *
 * @param settings What to configure.
 */
export function clientAuthYaml(
  { audiences, jwksUri, keys = [] }: ClientAuth,
  { isCloud = false } = {},
): string {
  return [
    "client_auth:",
    ...(jwksUri === undefined ? [] : [`  jwks_uri: ${safeJson(jwksUri)}`]),
    isCloud ? "  additional_audiences:" : "  audience:",
    ...audiences.map((audience) => `    - ${safeJson(audience)}`),
    ...(keys.length === 0 ? [] : ["  jwks:", "    keys:", ...keys.flatMap((key) => keyLines(key, isCloud))]),
  ].join("\n");
}

function keyLines(key: ConfiguredKey, isCloud: boolean): string[] {
  return Object.entries(key).map(([name, value], index) => {
    // Cloud's schema wants to know which values are secret.
    const text = isCloud && name === "k" ? `{ secret: ${safeJson(value)} }` : safeJson(value);
    return `      ${index === 0 ? "-" : " "} ${name}: ${text}`;
  });
}

/** Why PowerSync Cloud cannot use the settings, as a sentence; `undefined` when it can. */
export function whyNotCloud({ jwksUri }: ClientAuth): string | undefined {
  if (jwksUri === undefined || !isPrivateHost(jwksUri)) return undefined;
  const host = URL.parse(jwksUri)?.host ?? "";
  return `PowerSync Cloud cannot reach ${shown(host)}: name the deployment with --project <project ref>.`;
}

/**
 * What to enter in each field of the Client Auth view of PowerSync Cloud's dashboard.
 *
 * @param settings What to configure.
 * @returns One line a field.
 */
export function cloudFields({ audiences, jwksUri, keys = [] }: ClientAuth): string[] {
  return [
    `JWKS URI: ${jwksUri ?? "(the address of powersync-jwks; the dashboard takes no public keys inline)"}`,
    `JWT Audience: ${
      audiences.join(", ")
    } (may be empty if it is the instance URL, which is always accepted)`,
    "Use Supabase Auth: off (the functions sign these tokens)",
    "Development tokens: off, unless you use the dashboard's",
    ...keys.filter(isShared).map(({ kid, k }) =>
      `HS256 authentication tokens (advanced): KID ${shown(kid ?? "")}, shared secret ${k}`
    ),
  ];
}

/** Whether a key signs as well as it verifies. */
export function isShared({ kty }: ConfiguredKey): boolean {
  return kty === "oct";
}
