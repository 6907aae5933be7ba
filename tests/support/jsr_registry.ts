import { createHash } from "node:crypto";
import { serve, type Served } from "./serving.ts";

/** A small JSR registry, as far as Deno asks one (https://jsr.io/docs/api, "JSR registry API"). */
export interface JsrRegistry extends Served {
  /** The paths that were asked for. */
  readonly asked: readonly string[];
}

/**
 * Serves packages of one module each on loopback.
 *
 * @param packages The module's source, by `@scope/name@version`.
 */
export function startJsrRegistry(packages: Readonly<Record<string, string>>): JsrRegistry {
  const files = new Map(Object.entries(packages).flatMap(([id, source]) => packageFiles(id, source)));
  const asked: string[] = [];
  const server = serve((request) => {
    const { pathname } = new URL(request.url);
    asked.push(pathname);
    const file = files.get(pathname);
    return new Response(file ?? "Not found", { status: file === undefined ? 404 : 200 });
  });
  return { ...server, asked };
}

function packageFiles(id: string, source: string): [path: string, content: string][] {
  const [, name, version] = /^(@[^@]+)@(.+)$/.exec(id) ?? [];
  if (name === undefined || version === undefined) throw new Error(`${id} is not @scope/name@version.`);
  const checksum = `sha256-${createHash("sha256").update(source).digest("hex")}`;
  const manifest = { "/mod.ts": { size: new TextEncoder().encode(source).length, checksum } };
  return [
    [`/${name}/meta.json`, JSON.stringify({ latest: version, versions: { [version]: {} } })],
    [`/${name}/${version}_meta.json`, JSON.stringify({ exports: { ".": "./mod.ts" }, manifest })],
    [`/${name}/${version}/mod.ts`, source],
  ];
}
