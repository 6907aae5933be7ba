import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import { serve, type Served } from "../support/serving.ts";

/** A container as the CLI asked for it. */
export interface Container {
  readonly env: Readonly<Record<string, string>>;
  /** Folders of this computer by their place in the container. */
  readonly mounts: ReadonlyMap<string, string>;
}

/** A stand-in for a Docker engine. */
export interface DockerApi extends Served {
  /** For the variable `DOCKER_HOST`. */
  readonly host: string;
  /** The containers that were asked for, by name. */
  readonly containers: ReadonlyMap<string, Container>;
}

const CONTAINER = { Id: "running", State: { Running: true, Status: "running" } };

/**
 * Starts a stand-in for what `supabase functions serve` asks of a Docker engine, up to the container that runs the
 * functions: a database that runs, images that are there. It keeps what the container would have, and then has nothing
 * to copy into, so the command ends.
 */
export function startDockerApi(): DockerApi {
  const containers = new Map<string, Container>();
  const answer = async (request: Request): Promise<Response> => {
    const { pathname, searchParams } = new URL(request.url);
    const path = pathname.replace(/^\/v[\d.]+/, "");
    if (path === "/_ping") return new Response("OK", { headers: { "Api-Version": "1.50" } });
    if (path === "/containers/create") {
      containers.set(searchParams.get("name") ?? "", readContainer(await request.json()));
      return Response.json({ Id: "created", Warnings: [] }, { status: 201 });
    }
    if (path.endsWith("/archive")) return new Response(null, { status: 404 });
    if (request.method === "DELETE") return new Response(null, { status: 204 });
    return Response.json(CONTAINER);
  };
  const server = serve(answer);
  return { ...server, host: server.url.replace(/^http/, "tcp"), containers };
}

function readContainer(body: unknown): Container {
  if (!isJsonObject(body) || !isJsonObject(body.HostConfig)) throw new Error("Not a container.");
  const { Env, HostConfig: { Binds } } = body;
  const texts = (list: unknown) => Array.isArray(list) ? list.map(String) : [];
  return {
    env: Object.fromEntries(
      texts(Env).map((text) => {
        const [name = "", ...value] = text.split("=");
        return [name, value.join("=")];
      }),
    ),
    mounts: new Map(
      texts(Binds).filter((bind) => bind.startsWith("/")).map((bind) => {
        const [from = "", to = ""] = bind.split(":");
        return [to, from];
      }),
    ),
  };
}
