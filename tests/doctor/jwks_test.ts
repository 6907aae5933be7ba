import { assertEquals, assertMatch } from "@std/assert";
import type { CauseId } from "../../scripts/doctor/check.ts";
import { checkDeployedKeys, checkDevKeys, examineJwks } from "../../scripts/doctor/jwks.ts";
import type { PublishedKey } from "../../supabase/functions/_shared/powersync/jwk.ts";
import { makeKey } from "../support/signing.ts";

Deno.test("a deployment must not publish a key of local development", () => {
  const [hosted, local] = ["https://x.supabase.co/jwks", "http://127.0.0.1:54321/jwks"];
  for (
    const [url, isDeployment, expected] of [
      [hosted, false, "jwks-dev-key"],
      [local, false, ""],
      [local, true, "jwks-dev-key"],
    ] as const
  ) {
    const checks = checkDevKeys(["powersync-0123456789", "dev-0123456789"], { url, isDeployment });
    assertEquals(checks.map(({ cause }) => cause).join(), expected);
  }
});

Deno.test("an address that PowerSync cannot or should not fetch from is named, whatever answers there", async () => {
  const cases: readonly (readonly [CauseId, url: string, powersync: string | undefined, code?: string])[] = [
    ["jwks-host-ipv6", "http://[2001:db8::1]:9/jwks", undefined, "PSYNC_S2204"],
    ["jwks-http-public", "http://project.invalid/jwks", undefined],
    // An instance elsewhere cannot reach this computer.
    ["jwks-host-private", "http://127.0.0.1:9/jwks", "https://x.powersync.journeyapps.com", "PSYNC_S2204"],
  ];
  for (const [cause, url, powersync, code] of cases) {
    const { checks: [first] } = await examineJwks({ url, powersync, slowMs: 3_000, timeoutMs: 100 });
    assertEquals([first?.cause, first?.status, first?.code], [cause, "failed", code]);
  }
});

Deno.test("another key under the same ID is told from one that is missing", async () => {
  const kid = "powersync-0123456789";
  const [key, twin, dev] = [
    await makeKey("ES256", kid),
    await makeKey("ES256", kid),
    await makeKey("ES256", "dev-0123456789"),
  ];
  const published = [key.publicJwk as PublishedKey];
  const seenOf = (live: typeof key) =>
    checkDeployedKeys(published, { keys: [live.publicJwk] })[0]?.seen ?? "";
  assertMatch(seenOf(key), /has every key of the file/);
  assertMatch(seenOf(twin), /has a different key under the `kid` powersync-0123456789 of the file/);
  assertMatch(seenOf(dev), /has dev-0123456789, but not powersync-0123456789 of the file\./);
});
