/** A stand-in of PostgREST, for uploads: keeps rows by table and ID, and refuses with Postgres' codes. */
import { decodeJwt } from "jose";
import type { Asked } from "../../support/http_stand_in.ts";

/** One write that arrived. */
export interface Write {
  readonly method: "POST" | "PATCH" | "DELETE";
  readonly table: string;
  readonly id: string;
  /** The `sub` of the bearer token; `undefined` for the anonymous role. */
  readonly user: string | undefined;
}

/** PostgREST's statuses: 409 for a duplicate or a missing reference, otherwise 400 for data and constraints. */
const STATUSES: Readonly<Record<string, number>> = { "23505": 409, "23503": 409, "42501": 403 };

export class RowsStandIn {
  readonly tables = new Map<string, Map<string, Record<string, unknown>>>();
  /** Every write that arrived, refused or not. */
  readonly writes: Write[] = [];
  /** The code with which Postgres refuses a write, if it does. */
  refuse: (write: Write) => string | undefined = () => undefined;

  answer({ method, path, headers, body }: Asked): Response {
    const url = new URL(path, "http://rows");
    const table = url.pathname.split("/").at(-1) ?? "";
    const text = new TextDecoder().decode(body);
    const sent: unknown = text === "" ? {} : JSON.parse(text);
    const row: Record<string, unknown> = Array.isArray(sent) ? sent[0] : sent;
    const id = /^eq\.(.*)$/.exec(url.searchParams.get("id") ?? "")?.[1] ?? `${row.id}`;
    const write = { method: method as Write["method"], table, id, user: userOf(headers) };
    this.writes.push(write);
    const code = this.refuse(write);
    if (code !== undefined) return refused(code, write);
    return this.#apply(write, { row, countsRows: /count=exact/.test(headers.get("Prefer") ?? "") });
  }

  #apply(
    { method, table, id }: Write,
    { row, countsRows }: { row: Record<string, unknown>; countsRows: boolean },
  ): Response {
    const rows = this.tables.get(table) ?? new Map<string, Record<string, unknown>>();
    this.tables.set(table, rows);
    const found = rows.get(id);
    // PostgREST changes no row if there is nothing to change.
    const changes = method !== "PATCH" || Object.keys(row).length > 0;
    const affected = method === "POST" || found !== undefined && changes ? 1 : 0;
    if (method === "DELETE") rows.delete(id);
    else if (affected === 1) rows.set(id, { ...found, ...row });
    const range = affected === 1 ? "0-0" : "*";
    const headers = countsRows ? { "Content-Range": `${range}/${affected}` } : {};
    return new Response(null, { status: method === "POST" ? 201 : 204, headers });
  }
}

function refused(code: string, { user }: Write): Response {
  const status = STATUSES[code] ?? 400;
  const error = { code, details: null, hint: null, message: `Postgres says ${code}` };
  // Who has no token may get the right by signing in.
  return Response.json(error, { status: status === 403 && user === undefined ? 401 : status });
}

function userOf(headers: Headers): string | undefined {
  const [, token] = /^Bearer (.+\..+\..+)$/.exec(headers.get("Authorization") ?? "") ?? [];
  return token === undefined ? undefined : decodeJwt(token).sub;
}
