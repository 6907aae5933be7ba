/** What an answer says, in a form that a failing test can print. */
export interface Answer {
  readonly status: number;
  // deno-lint-ignore no-explicit-any -- tests compare it, or name its members
  readonly body: any;
}

/** Reads an answer: its status and its body, parsed where it is JSON. */
export async function answer(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = response.headers.get("Content-Type")?.startsWith("application/json") && text !== "";
  return { status: response.status, body: isJson ? JSON.parse(text) : text };
}

/**
 * The status and the code of Supabase Auth's own errors, which stands once in the body and once in the header; `200
 * null` for a user.
 */
export async function authOutcome(response: Response): Promise<string> {
  const code = response.headers.get("x-sb-error-code");
  const { status, body } = await answer(response);
  const isAuths = body.code === status && body.error_code === code && typeof body.msg === "string";
  if (code !== null && !isAuths) throw new Error(`Not an error of Auth: ${status} ${JSON.stringify(body)}`);
  return `${status} ${code}`;
}

/** An answer as its status and, if it is an error, its code: `200` or `401 USER_TOKEN_INVALID`. */
export async function outcome(answered: Response | Answer): Promise<string> {
  const { status, body } = answered instanceof Response ? await answer(answered) : answered;
  return status === 200 ? "200" : `${status} ${body.code ?? body}`;
}
