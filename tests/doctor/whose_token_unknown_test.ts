import { assert, assertEquals, assertFalse } from "@std/assert";
import type { KnownSetup } from "../../scripts/doctor/tokens/recognise-token.ts";
import { whoseToken } from "../../scripts/doctor/tokens/whose-token.ts";
import { userClaims } from "../support/project.ts";
import { sign } from "../support/signing.ts";
import { auth, development, good, INSTANCE, known, NOW, ours, provider, times, user } from "./whose_token.ts";

Deno.test("what is not known does not decide", async () => {
  const nothing: KnownSetup = { issuer: "powersync-auth", keyIds: [], audiences: [], providers: [] };
  const owner = (token: string, changes: Partial<KnownSetup> = {}) =>
    whoseToken(token, { ...nothing, ...changes }, NOW).owner;
  assertEquals(owner(await sign(good, { key: ours })), "functions");
  assertEquals(owner(await sign(good, { key: ours }), { audiences: [INSTANCE] }), "functions");
  assertEquals(
    owner(await sign(good, { key: ours }), { audiences: ["https://b.example"] }),
    "other-powersync",
  );
  assertEquals(owner(await sign(user(), { key: auth })), "supabase-user");
  // A custom domain does not tell which project it is of.
  assertEquals(
    owner(await sign(user(), { key: auth }), { supabaseUrl: "https://api.example.com" }),
    "supabase-user",
  );
  assertEquals(
    owner(await sign({ ...userClaims(), ...times }, { key: auth }), {
      supabaseUrl: "http://localhost:54321",
    }),
    "supabase-user",
  );
  // A development key that is published, by `deno task dev`, is right.
  assertEquals(owner(await sign(good, { key: development }), { keyIds: ["dev-0123456789"] }), "functions");
});

Deno.test("hostile claims are shown short and without what a terminal acts on", async () => {
  const token = await sign({ ...good, iss: `\x1b[2J${"x".repeat(10_000)}`, aud: ["\u202e", {}, 5] }, {
    key: provider,
  });
  const text = whoseToken(token, known, NOW).told.map(({ seen }) => seen).join();
  assert(text.length < 1_000, text);
  assertFalse(/[\p{Cc}\p{Cf}]/u.test(text));
  // Neither nesting nor size makes it fail.
  const deep = `eyJhbGciOiJFUzI1NiJ9.${
    btoa(`{"a":${"[".repeat(5_000)}${"]".repeat(5_000)}}`).replace(/=+$/, "")
  }.AAAA`;
  assertEquals(whoseToken(deep, known, NOW).owner, "cut");
  assertEquals(whoseToken("x".repeat(1_000_000), known, NOW).owner, "opaque");
});
