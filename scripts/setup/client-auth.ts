/** PowerSync's client authentication settings, as text to paste. */

import { safeJson, shown } from "../cli/shown.ts";

/** A JWK for PowerSync's configuration: its members are strings only. */
export type ConfiguredKey = Readonly<Record<string, string>>;

/** The settings of a self-hosted PowerSync Service, `client_auth` in service.yaml. */
export interface ClientAuth {
  readonly audiences: readonly string[];
  /** Where PowerSync fetches the keys; `undefined` when they are inline. */
  readonly jwksUri?: string;
  /** Inline keys. */
  readonly keys?: readonly ConfiguredKey[];
}

/**
 * The `client_auth` block. Every value is a JSON string, which YAML reads as it is.
 *
 * @param settings What to configure.
 */
export function clientAuthYaml({ audiences, jwksUri, keys }: ClientAuth): string {
  return [
    "client_auth:",
    ...(jwksUri === undefined ? [] : [`  jwks_uri: ${safeJson(jwksUri)}`]),
    "  audience:",
    ...audiences.map((audience) => `    - ${safeJson(audience)}`),
    ...(keys === undefined ? [] : ["  jwks:", "    keys:", ...keys.flatMap(keyLines)]),
  ].join("\n");
}

function keyLines(key: ConfiguredKey): string[] {
  return Object.entries(key).map(([name, value], index) =>
    `      ${index === 0 ? "-" : " "} ${name}: ${safeJson(value)}`
  );
}

/**
 * What to enter in each field of the Client Auth view of PowerSync Cloud.
 *
 * @param settings What to configure.
 * @returns One line a field.
 */
export function cloudFields({ audiences, jwksUri, keys }: ClientAuth): string[] {
  const shared = (keys ?? []).filter(({ kty }) => kty === "oct");
  return [
    `JWKS URI: ${jwksUri ?? "(the address of powersync-jwks; Cloud takes no public keys inline)"}`,
    `JWT Audience: ${
      audiences.join(", ")
    } (may be empty if it is the instance URL, which is always accepted)`,
    "Use Supabase Auth: off (the functions sign these tokens)",
    "Development tokens: off, unless you use the dashboard's",
    ...shared.map(({ kid, k }) =>
      `HS256 authentication tokens (advanced): KID ${shown(kid ?? "")}, shared secret ${k}`
    ),
  ];
}
