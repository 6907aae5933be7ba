import { assertEquals } from "@std/assert";
import { projectUrl } from "../../scripts/setup/project-url.ts";

const REF = "abcdefghijklmnopqrst";

for (
  const [project, url] of [
    [REF, `https://${REF}.supabase.co`],
    [` ${REF}\n`, `https://${REF}.supabase.co`],
    [`https://${REF}.supabase.co`, `https://${REF}.supabase.co`],
    [`https://${REF}.supabase.co/`, `https://${REF}.supabase.co`],
    [`${REF}.supabase.co`, `https://${REF}.supabase.co`],
    [`https://${REF}.supabase.co/functions/v1/powersync-jwks`, `https://${REF}.supabase.co`],
    [`https://${REF}.supabase.co/rest/v1/?apikey=x`, `https://${REF}.supabase.co`],
    [`db.${REF}.supabase.co`, `https://${REF}.supabase.co`],
    [`https://supabase.com/dashboard/project/${REF}`, `https://${REF}.supabase.co`],
    [`https://supabase.com/dashboard/project/${REF}/functions?x=1`, `https://${REF}.supabase.co`],
    [`https://${REF}.functions.supabase.co`, `https://${REF}.supabase.co`],
    [`supabase.com/dashboard/project/${REF}`, `https://${REF}.supabase.co`],
    [`https://app.supabase.com/project/${REF}/settings/api`, `https://${REF}.supabase.co`],
    // A custom domain, a self-hosted Supabase, and this computer.
    ["https://api.example.org", "https://api.example.org"],
    ["https://api.example.org/auth/v1", "https://api.example.org"],
    ["https://example.org/supabase/functions/v1/", "https://example.org/supabase"],
    ["https://example.org/supabase/", "https://example.org/supabase"],
    ["http://127.0.0.1:54321/", "http://127.0.0.1:54321"],
    // Not a project.
    ["https://supabase.com/dashboard", undefined],
    ["https://supabase.com/dashboard/projects", undefined],
    ["not a ref", undefined],
    ["", undefined],
    ["my-ref", undefined],
    ["postgresql://postgres:x@db.example.org/postgres", undefined],
  ] as const
) {
  Deno.test(`the project "${project.trim()}" is at ${url}`, () => assertEquals(projectUrl(project), url));
}
