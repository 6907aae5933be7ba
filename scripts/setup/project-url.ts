/**
 * The URL of a Supabase project.
 *
 * @param project Its ref, as in the dashboard's address, or its URL.
 * @returns The URL without trailing slash, or `undefined` when it is neither.
 */
export function projectUrl(project: string): string | undefined {
  if (/^[a-z0-9]+$/.test(project)) return `https://${project}.supabase.co`;
  return isHttpUrl(project) ? project.replace(/\/+$/, "") : undefined;
}

/** The address of the JWKS that a project's functions serve. */
export function jwksUrlOf(supabaseUrl: string): string {
  return `${supabaseUrl.replace(/\/+$/, "")}/functions/v1/powersync-jwks`;
}

/** Whether a text is an http(s) URL. */
export function isHttpUrl(text: string): boolean {
  return URL.parse(text)?.protocol.match(/^https?:$/) != null;
}
