/** The pages of a project in Supabase's dashboard. */
const DASHBOARD_PAGE = /^(?:https:\/\/)?(?:app\.)?supabase\.(?:com|io)\/(?:dashboard\/)?project\/([a-z0-9]+)/;

/** What a hosted project answers at, its database, and its functions' old address. */
const HOSTED_PROJECT = /^(?:https?:\/\/)?(?:db\.)?([a-z0-9]+)(?:\.functions)?\.supabase\.co(?=$|[/:?#])/;

/** Where Supabase's own paths begin. */
const SUPABASE_PATH = /\/(auth|functions|realtime|rest|storage)\/v1(\/.*)?$/;

/**
 * The URL of a Supabase project.
 *
 * @param project Its ref, its URL, also with a path, or its address in the dashboard.
 * @returns The URL without trailing slash, or `undefined` when it is something else.
 */
export function projectUrl(project: string): string | undefined {
  const text = project.trim();
  const ref = projectRef(text);
  if (ref !== undefined) return `https://${ref}.supabase.co`;
  const url = URL.parse(text);
  if (url === null || !isHttpUrl(text) || /(^|\.)supabase\.(com|io)$/.test(url.hostname)) return undefined;
  return withoutTrailingSlash(`${url.origin}${url.pathname.replace(SUPABASE_PATH, "")}`);
}

/** The reference in what names a project; `undefined` for a custom domain and for a self-hosted one. */
export function projectRef(project: string): string | undefined {
  if (/^[a-z0-9]+$/.test(project)) return project;
  return (DASHBOARD_PAGE.exec(project) ?? HOSTED_PROJECT.exec(project))?.[1];
}

/** The address of the JWKS that a project's functions serve. */
export function jwksUrlOf(supabaseUrl: string): string {
  return `${withoutTrailingSlash(supabaseUrl)}/functions/v1/powersync-jwks`;
}

/** Where `deno task dev` serves. */
const LOCAL_SUPABASE_URL = "http://127.0.0.1:54321";

/** The address of the JWKS of the project that a secrets file names, or else of `deno task dev`. */
export function jwksUrlFor({ SUPABASE_URL = "" }: Readonly<Record<string, string | undefined>>): string {
  return jwksUrlOf(SUPABASE_URL.trim() || LOCAL_SUPABASE_URL);
}

/** A URL as it is compared and extended: without white space around it and slashes at its end. */
export function withoutTrailingSlash(url: string): string {
  const text = url.trim();
  let end = text.length;
  while (text[end - 1] === "/") end -= 1;
  return text.slice(0, end);
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

/** Whether anybody on the way to a URL can read what is sent there. */
export function isInClear(url: string): boolean {
  return URL.parse(url)?.protocol === "http:" && !isPrivateHost(url);
}

/** Whether a URL's host cannot be reached from the internet. */
export function isPrivateHost(url: string): boolean {
  return isLoopback(url) || PRIVATE_HOST.test(URL.parse(url)?.hostname ?? "");
}
