import { powersyncAuthAnonymous } from "./supabase/functions/powersync-auth-anonymous/index.ts";
import { powersyncAuth } from "./supabase/functions/powersync-auth/index.ts";
import { powersyncJwks } from "./supabase/functions/powersync-jwks/index.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The three functions at one address: the last part of the path names the function.
 *
 * @param environment For a host that passes its environment instead of setting `process.env`.
 */
export function powersyncFunctions(environment?: () => Environment) {
  const options = environment === undefined ? {} : { environment };
  const functions = new Map([
    ["powersync-jwks", powersyncJwks(options)],
    ["powersync-auth", powersyncAuth(options)],
    ["powersync-auth-anonymous", powersyncAuthAnonymous(options)],
  ]);
  return async (request: Request): Promise<Response> => {
    const name = new URL(request.url).pathname.split("/").at(-1) ?? "";
    return await functions.get(name)?.(request) ?? new Response(null, { status: 404 });
  };
}
