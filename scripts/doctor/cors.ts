import { shown } from "../cli/shown.ts";
import { ask } from "../setup/ask.ts";
import { whoAnswered } from "./answers.ts";
import { type Check, passed, probed, type Subject } from "./check.ts";
import type { KnownCause } from "./causes.ts";

/** What a browser asks for before supabase-js may call: it adds these headers to every request. */
const ASKED_HEADERS = ["authorization", "apikey", "content-type", "x-client-info"];

/** What never comes from a function. */
const IN_FRONT: readonly KnownCause[] = [
  "front-page",
  "front-redirect",
  "rate-limited",
  "upstream-down",
];

/** Any origin that is not the project's. */
const ORIGIN = "https://app.example";

/**
 * Sends the preflight of a browser (Fetch standard, section 3.2) and judges the answer as it would.
 *
 * @param name The function.
 * @param url Its address.
 * @param timeoutMs How long to wait.
 */
export async function checkPreflight(name: string, url: string, timeoutMs: number): Promise<Check> {
  const subject = { id: `${name}-cors`, title: `${name}, CORS` };
  const headers = {
    Origin: ORIGIN,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": ASKED_HEADERS.join(","),
  };
  const asked = await ask(url, { method: "OPTIONS", headers }, timeoutMs);
  if (asked.kind !== "answer") return probed(subject, asked.kind, asked.seen);
  const { response, text } = asked;
  if (!response.ok) {
    const { probe, seen } = whoAnswered(response, text);
    const cause = IN_FRONT.includes(probe) ? "cors-preflight-blocked" : "cors-preflight";
    return probed(subject, cause, `The preflight is answered with ${seen}`);
  }
  const methods = listed(response, "Access-Control-Allow-Methods");
  // POST needs no permission (Fetch, "CORS-safelisted method"), but an answer that names others leaves it out by mistake.
  if (methods.length > 0 && !methods.includes("post") && !methods.includes("*")) {
    return probed(subject, "cors-headers", "Access-Control-Allow-Methods lacks POST.");
  }
  const allowed = listed(response, "Access-Control-Allow-Headers");
  // The wildcard does not cover `authorization` (Fetch, section 4.8).
  const missing = ASKED_HEADERS.find((header) =>
    !allowed.includes(header) && (header === "authorization" || !allowed.includes("*"))
  );
  if (missing !== undefined) {
    return probed(subject, "cors-headers", `Access-Control-Allow-Headers lacks ${missing}.`);
  }
  return checkOrigin(subject, response) ?? passed(subject, "A browser's preflight succeeds.");
}

/** Whether a browser shows an answer to a page of another origin. */
export function checkOrigin(subject: Subject, response: Response): Check | undefined {
  const origin = response.headers.get("Access-Control-Allow-Origin");
  if (origin === "*" || origin === ORIGIN) return undefined;
  if (origin?.includes(",")) {
    return probed(subject, "cors-twice", `Access-Control-Allow-Origin is "${shown(origin)}".`);
  }
  const seen = origin === null
    ? `HTTP ${response.status} without Access-Control-Allow-Origin.`
    : "Access-Control-Allow-Origin names another origin only.";
  return probed(subject, "cors-headers", seen);
}

function listed({ headers }: Response, name: string): string[] {
  return (headers.get(name) ?? "").toLowerCase().split(",").map((part) => part.trim()).filter((part) =>
    part !== ""
  );
}
