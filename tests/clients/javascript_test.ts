/** The connector of docs/connectors/javascript, in the real SDK with its real SQLite and the real supabase-js. */
import { installSdks, removeSdks } from "./javascript/project.ts";
import "./javascript/credentials.ts";
import "./javascript/sessions.ts";
import "./javascript/third_party.ts";
import "./javascript/types.ts";
import "./javascript/uploads.ts";

Deno.test.beforeAll(installSdks);
Deno.test.afterAll(removeSdks);
