/** Addresses that name a project's reference: the dashboard's, the database's, the functions' own. */
const ADDRESSES_WITH_REF = [
  /^https:\/\/(?:app\.)?supabase\.com\/dashboard\/project\/([a-z0-9]+)/,
  /^https:\/\/(?:db\.)?([a-z0-9]+)(?:\.functions)?\.supabase\.co(?:[/:]|$)/,
];

/**
 * The URL of a Supabase project.
 *
 * @param project Its ref, an address of the dashboard, or its URL, with the path of one of its services or without.
 * @returns The URL without trailing slash, or `undefined` when it is neither.
 */
export function projectUrl(project: string): string | undefined {
  const text = project.trim();
  const ref = projectRef(text);
  if (ref !== undefined) return `https://${ref}.supabase.co`;
  if (!isHttpUrl(text)) return undefined;
  return text.replace(/[?#].*$/, "").replace(/\/(functions|auth|rest|storage)\/v1(\/.*)?$/, "").replace(
    /\/+$/,
    "",
  );
}

/** The project's reference in its address, or the reference itself; `undefined` for a custom domain. */
export function projectRef(project: string): string | undefined {
  if (/^[a-z0-9]+$/.test(project)) return project;
  return ADDRESSES_WITH_REF.map((form) => form.exec(project)?.[1]).find((ref) => ref !== undefined);
}

/** The address of the JWKS that a project's functions serve. */
export function jwksUrlOf(supabaseUrl: string): string {
  return `${supabaseUrl.replace(/\/+$/, "")}/functions/v1/powersync-jwks`;
}

/** Whether a text is an http(s) URL. */
export function isHttpUrl(text: string): boolean {
  return URL.parse(text)?.protocol.match(/^https?:$/) != null;
}

/** Private networks (RFC 1918, RFC 6598, RFC 3927, RFC 4193), and names without a dot. */
const PRIVATE_HOST =
  /^(10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|\[f[cd]|\[fe80)|^[^.[]+$|\.(local|internal|lan)$/;

/** Whether a URL names the computer it is used on. */
export function isLoopback(url: string): boolean {
  const host = URL.parse(url.trim())?.hostname ?? "";
  return /^(localhost|.+\.localhost|127(\.\d+){3}|0\.0\.0\.0|\[::1?\]|host\.docker\.internal)\.?$/.test(host);
}

/** Whether a URL's host cannot be reached from the internet. */
export function isPrivateHost(url: string): boolean {
  return isLoopback(url) || PRIVATE_HOST.test(URL.parse(url)?.hostname ?? "");
}
