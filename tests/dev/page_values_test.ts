import { assertEquals, assertMatch } from "@std/assert";
import { claimRows, decode } from "../../scripts/dev/page/claims.js";
import { dateAndTime, distance, duration } from "../../scripts/dev/page/time.js";

const BEFORE = { sub: "ada", role: "authenticated", org: { id: 1 }, iat: 100, exp: 400, jti: "a" };

Deno.test("what changed between two tokens is marked, and what changes in every token is not", () => {
  const claims = { sub: "ada", org: { id: 2 }, plan: "team", iat: 200, exp: 500, jti: "b" };
  const marked: unknown = claimRows(claims, BEFORE).filter(({ change }) => change !== undefined);
  assertEquals(marked, [
    { name: "org", value: { id: 2 }, change: "changed", was: { id: 1 } },
    { name: "plan", value: "team", change: "added" },
    { name: "role", change: "removed", was: "authenticated" },
  ]);
});

Deno.test("a later exp is marked only if the lifetime is another", () => {
  const marks = (exp: number) =>
    claimRows({ ...BEFORE, iat: 200, exp }, BEFORE).flatMap(({ name, change }) => change ? [name] : []);
  assertEquals([marks(500), marks(800)], [[], ["exp"]]);
});

Deno.test("the first token has no marks", () => {
  assertEquals(claimRows({ sub: "ada", iat: 1 }, undefined), [
    { name: "sub", value: "ada" },
    { name: "iat", value: 1 },
  ]);
});

Deno.test("a token is decoded as far as it can be", () => {
  const part = (value: unknown) => btoa(JSON.stringify(value)).replace(/=+$/, "");
  const claims = { sub: "ada" };
  assertEquals(decode(` ${part({ alg: "RS256" })}.${part(claims)}.x\n`), {
    header: { alg: "RS256" },
    claims,
  });
  for (const text of ["", "a", "a.b.c", `${part([1])}.${part("text")}.`, `${part(null)}.%`]) {
    assertEquals(decode(text), { header: undefined, claims: undefined });
  }
});

Deno.test("times are said in their two largest units", () => {
  assertEquals(
    [0, 59, 60, 292, 3600, 3725, 90_000].map(duration),
    ["0 s", "59 s", "1 min", "4 min 52 s", "1 h", "1 h 2 min", "1 d 1 h"],
  );
  assertEquals([110, 100, 40].map((time) => distance(time, 100)), ["in 10 s", "now", "1 min ago"]);
});

Deno.test("a date names its zone, and what is no time has none", () => {
  assertMatch(dateAndTime(1_795_608_000) ?? "", /^\d+ Nov 2026, \d\d:\d\d:00 \S+/);
  for (const time of [undefined, "1795608000", NaN, 1e20]) assertEquals(dateAndTime(time), undefined);
});
