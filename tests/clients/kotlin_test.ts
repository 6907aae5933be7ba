/**
 * The connectors of docs/connectors/kotlin in the real PowerSync SDK, with supabase-kt: one build and one JVM, in which
 * each scenario is an app with a backend of its own.
 */
import { assert } from "@std/assert";
import { withBackend } from "./harness/backend.ts";
import { ANSWERING } from "./kotlin/answers.ts";
import { FOLLOWING } from "./kotlin/following.ts";
import { Device, findJava, withKotlin } from "./kotlin/kotlin.ts";
import { startProvider } from "./kotlin/scenarios.ts";
import { UPLOADING } from "./kotlin/uploading.ts";

const found = findJava();
if ("missing" in found) console.log(`The Kotlin connectors are not run: ${found.missing} is missing.`);

/** Scenarios wait most of the time: for PowerSync, which tries again after 5 seconds. */
const AT_ONCE = 4;

Deno.test({
  name: "the Kotlin connectors hold in the real PowerSync SDK",
  ignore: "missing" in found,
  async fn(t) {
    if ("missing" in found) return;
    await using provider = await startProvider();
    await withKotlin(found.java, async (kotlin) => {
      const waiting = Object.entries({ ...FOLLOWING, ...ANSWERING, ...UPLOADING });
      const runAll = async () => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
          const [name, run] = next;
          await t.step({
            name,
            fn: () =>
              withBackend(async (backend) => {
                const device = new Device(kotlin, backend);
                try {
                  await run({ ...backend, device, provider });
                } finally {
                  await device.call("close");
                }
              }, provider),
            // Others run at the same time.
            sanitizeOps: false,
            sanitizeResources: false,
            sanitizeExit: false,
          });
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, runAll));
    });
  },
});

Deno.test("the Kotlin README and the Gradle lines name the versions that are built", async () => {
  const read = (name: string) =>
    Deno.readTextFile(new URL(`../../docs/connectors/kotlin/${name}`, import.meta.url));
  const [pom, gradle, readme] = await Promise.all(["pom.xml", "build.gradle.kts", "README.md"].map(read));
  const versions = [...(pom ?? "").matchAll(/<(kotlin|ktor|powersync|supabase)\.version>(.*?)</g)];
  assert(versions.length === 4);
  for (const [, what, version = ""] of versions) {
    assert(
      gradle?.includes(`"${version}"`) || gradle?.includes(`:${version}"`),
      `${what} in build.gradle.kts`,
    );
    assert(readme?.includes(version), `${what} in README.md`);
  }
});
