import { assertEquals } from "@std/assert";
import { rotationSecretName } from "../../scripts/keys/secret-names.ts";

Deno.test("a new key's secret is named after the UTC date, with a number when that is taken", () => {
  const late = Date.UTC(2026, 10, 21, 23, 59, 59) / 1000;
  const name = "POWERSYNC_PRIVATE_KEY_20261121";
  assertEquals(rotationSecretName(late, ["POWERSYNC_PRIVATE_KEY"]), name);
  assertEquals(rotationSecretName(late, [name]), `${name}_2`);
  assertEquals(rotationSecretName(late, [name, `${name}_2`]), `${name}_3`);
  assertEquals(rotationSecretName(late + 1, [name]), "POWERSYNC_PRIVATE_KEY_20261122");
});
