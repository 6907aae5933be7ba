/** The settings, for docs/settings.md and supabase/functions/.env.example. */
import {
  KEY_SECRETS,
  type Setting,
  type SettingName,
  SETTINGS,
} from "../../supabase/functions/_shared/powersync/settings.ts";
import { type Parts, table } from "./parts.ts";

/** What the page says beside the settings' own words. */
const MORE: Readonly<Record<string, string>> = {
  POWERSYNC_PRIVATE_KEY: "Of several, [one signs](keys.md#which-keys-are-published).",
  POWERSYNC_PUBLIC_KEY: "Not needed for the public half of a signing key.",
  POWERSYNC_URL: "`powersync-jwks` does not need it.",
  POWERSYNC_ISSUER: "If it contains `supabase.co`, PowerSync logs misleading hints.",
  POWERSYNC_SESSION_CHECK: "[More](supabase-auth.md#sign-out-bans-and-changes)",
  POWERSYNC_USER_ISSUER: "A trailing slash does not matter. [More](supabase-auth.md#the-issuer)",
  POWERSYNC_OAUTH_CLIENTS: "[More](supabase-auth.md#third-party-apps)",
  POWERSYNC_IDENTITY_PROVIDERS: "[More](identity-providers.md)",
  SUPABASE_JWKS:
    "With it, the first request need not fetch them. [How long they serve](supabase-auth.md#when-supabase-rotates-its-signing-key)",
  SUPABASE_PUBLISHABLE_KEYS: "If Supabase Auth's gateway refuses one, the next is tried.",
  SUPABASE_ANON_KEY: "It is accepted beside publishable keys.",
} satisfies Partial<Record<SettingName | keyof typeof KEY_SECRETS, string>>;

interface Row {
  readonly name: string;
  /** The names of further secrets of the kind. */
  readonly others?: string;
  readonly what: string;
  /** What an unset one amounts to, in words. */
  readonly unset: string;
  /** The same as a value, where there is one to write down. */
  readonly fallback: string;
}

const ROWS: readonly Row[] = [
  ...Object.entries(KEY_SECRETS).map(([name, what]): Row => {
    const unset = name === "POWERSYNC_PRIVATE_KEY" ? "required" : "none";
    return { name, others: `${name}_…`, what, unset, fallback: "" };
  }),
  ...Object.entries<Setting<unknown>>(SETTINGS).map(([name, setting]): Row => {
    const [what = "", stated = "none."] = setting.what.split(" Default: ");
    const fallback = ["string", "number"].includes(typeof setting.fallback) ? `${setting.fallback}` : "";
    const optional = fallback === "" ? stated.slice(0, -1) : `\`${fallback}\``;
    return { name, what, unset: setting.required ? "required" : optional, fallback };
  }),
];

const OURS = ROWS.filter(({ name }) => name.startsWith("POWERSYNC_"));

/** The table of the secrets, and that of what the platform sets. */
export function settingsParts(): Parts {
  const cellsOf = ({ name, others, what }: Row) => [
    [name, others ?? []].flat().map((one) => `\`${one}\``).join(", "),
    [what, MORE[name] ?? []].flat().join(" "),
  ];
  return {
    settings: table(["setting", "value", "default"], OURS.map((row) => [...cellsOf(row), row.unset])),
    platform: table(["variable", "value"], ROWS.filter((row) => !OURS.includes(row)).map(cellsOf)),
  };
}

/** The lines of the example file. */
export function exampleParts(): Parts {
  const lines = OURS.flatMap(({ name, others, what, unset, fallback }) => {
    const more = [
      ...(unset === "required" ? ["Required."] : fallback === "" ? [`Default: ${unset}.`] : []),
      ...(others === undefined ? [] : [`${others} adds another.`]),
    ];
    return [`# ${[what, ...more].join(" ")}`, `#${name}=${fallback}`];
  });
  return { settings: lines.join("\n") };
}
