/** Values that were changed on the way into a file, and can be changed back: nothing is guessed, only tried. */
import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";
import { loadKeyRing } from "../../supabase/functions/_shared/powersync/keys.ts";
import { parseIdentityProviders } from "../../supabase/functions/_shared/powersync/provider-settings.ts";
import { decodeJsonSecret, unwrap } from "../../supabase/functions/_shared/powersync/secret.ts";
import { readKeySecrets } from "../../supabase/functions/_shared/powersync/settings.ts";
import { tried } from "./finding.ts";

/**
 * The value that a key secret, or the list of identity providers, was before it was changed: base64 of base64, in
 * UTF-16, with other quotation marks or none, or a PEM in the place of its JWK.
 *
 * @param name The variable; any other has no such value.
 * @param value The value as it was set.
 * @returns The value in base64; `undefined` when the functions take it as it is, and when nothing tried is usable.
 */
export async function mendedValue(name: string, value: string): Promise<string | undefined> {
  const text = unwrap(value, name);
  if (text === "" || await isUsable(name, text) !== false) return undefined;
  for (const candidate of likelyValues(text)) if (await isUsable(name, candidate)) return candidate;
  return undefined;
}

/** `undefined` for a variable that is not mended. */
async function isUsable(name: string, value: string): Promise<boolean | undefined> {
  if (name === "POWERSYNC_IDENTITY_PROVIDERS") return isProviderList(value);
  const { signing, extra } = readKeySecrets({ [name]: value });
  if (signing.length + extra.length === 0) return undefined;
  return (await loadKeyRing({ signing, extra })).problems.length === 0;
}

function isProviderList(value: string): boolean {
  const providers = tried(() => parseIdentityProviders(value));
  return !(providers instanceof PowerSyncAuthError) && providers.length > 0;
}

/** More than any key or list of providers has. */
const MAX_CHARACTERS = 16_384;

/** In base64, none of them checked. */
function likelyValues(value: string): string[] {
  return [...textsIn(value)].flatMap((text) => {
    const json = [text, ...withQuotes(text)].find((candidate) => decodeJsonSecret(candidate).ok);
    const found = json ?? jwkOfPem(text);
    return found === undefined ? [] : [isJson(found) ? Buffer.from(found).toString("base64") : found];
  });
}

function* textsIn(value: string): Generator<string> {
  yield value;
  if (!/^[\w+/\s-]{16,}={0,2}$/.test(value)) return;
  const bytes = Buffer.from(value, "base64");
  for (const encoding of ["utf-8", "utf-16le", "utf-16be"]) {
    yield new TextDecoder(encoding).decode(bytes).trim();
  }
}

/** JSON as it was before its quotation marks became typographic, single, or nothing. */
function withQuotes(text: string): string[] {
  if (!isJson(text) || text.length > MAX_CHARACTERS) return [];
  const bare = text.replace(/([{,[]\s*)([^\s"{}[\],:]+)(\s*:\s*)(?=\S)/g, '$1"$2"$3')
    .replace(/(:\s*)(?!true\b|false\b|\d+\s*[,}])([^\s"{}[\],]+)(?=\s*[,}])/g, '$1"$2"');
  return [text.replace(/[“”„]/g, '"'), text.replaceAll("'", '"'), bare];
}

function isJson(text: string): boolean {
  return /^\s*[[{]/.test(text);
}

function jwkOfPem(text: string): string | undefined {
  // As one line, as JSON and some dashboards write it.
  const pem = text.replaceAll("\\n", "\n");
  try {
    const key = /-----BEGIN [A-Z ]*PRIVATE KEY/.test(pem) ? createPrivateKey(pem) : createPublicKey(pem);
    return JSON.stringify(key.export({ format: "jwk" }));
  } catch {
    return undefined;
  }
}
