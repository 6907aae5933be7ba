import { serve } from "./serving.ts";
import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";

/** The stand-in's one project; the CLI requires twenty lowercase letters. */
export const PROJECT_REF = "abcdefghijklmnopqrst";

/** One function as the CLI uploaded it. */
export interface Upload {
  readonly slug: string;
  /** The CLI's description of it: entrypoint, import map, `verify_jwt`. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The sources, by the path the CLI gives them. */
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** The stand-in, and what the CLI has sent to it. */
export type ManagementApi = ReturnType<typeof startManagementApi>;

/**
 * Starts a stand-in for what the Supabase CLI asks of the Management API when it links a project, deploys functions
 * and sets secrets. It answers anything else with a 404, which the CLI accepts for optional features.
 */
export function startManagementApi() {
  /** The last upload of each function, by its name. */
  const uploads = new Map<string, Upload>();
  /** The secrets that are set. */
  const secrets = new Map<string, string>();
  const answer = async (request: Request): Promise<Response> => {
    const { pathname, searchParams } = new URL(request.url);
    switch (`${request.method} ${pathname.replace(`/v1/projects/${PROJECT_REF}`, "")}`) {
      case "GET ":
        return Response.json(PROJECT);
      case "GET /api-keys":
        return Response.json([{ name: "default", type: "publishable", api_key: "sb_publishable_stand_in" }]);
      case "POST /functions/deploy": {
        const upload = await readUpload(searchParams.get("slug") ?? "", request);
        uploads.set(upload.slug, upload);
        return Response.json(describe(upload), { status: 201 });
      }
      case "PUT /functions":
        return Response.json({ functions: [...uploads.values()].map(describe) });
      case "GET /functions":
        return Response.json([...uploads.values()].map(describe));
      case "POST /secrets":
        for (const { name, value } of await request.json()) secrets.set(name, value);
        return new Response(null, { status: 201 });
      case "DELETE /secrets":
        for (const name of await request.json()) secrets.delete(name);
        return new Response(null, { status: 200 });
      default:
        return Response.json({ message: "The stand-in does not know this." }, { status: 404 });
    }
  };
  return { ...serve(answer), uploads, secrets };
}

const PROJECT = {
  id: PROJECT_REF,
  ref: PROJECT_REF,
  name: "stand-in",
  organization_id: "stand-in",
  organization_slug: "stand-in",
  region: "eu-west-1",
  created_at: "2026-01-01T00:00:00Z",
  status: "ACTIVE_HEALTHY",
  database: { host: "localhost", version: "17.1", postgres_engine: "17", release_channel: "ga" },
};

async function readUpload(slug: string, request: Request): Promise<Upload> {
  const form = await request.formData();
  const metadata: unknown = JSON.parse(String(form.get("metadata")));
  if (!isJsonObject(metadata)) throw new Error("The CLI sent metadata that is not an object.");
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const file of form.getAll("file")) {
    if (file instanceof File) files.set(file.name, new Uint8Array(await file.arrayBuffer()));
  }
  return { slug, metadata, files };
}

function describe({ slug, metadata: { verify_jwt } }: Upload): Record<string, unknown> {
  const times = { created_at: 1, updated_at: 1 };
  return { id: slug, slug, name: slug, version: 1, status: "ACTIVE", ...times, verify_jwt };
}
