/** The connectors of docs/connectors/kotlin in the real PowerSync SDK, with supabase-kt: one build, one JVM. */
import { assert } from "@std/assert";
import { Device } from "./harness/device.ts";
import { authError, hang, status } from "./harness/faults.ts";
import { startProvider } from "./harness/provider.ts";
import { runScenarios, type Sdk } from "./harness/scenario.ts";
import { findJava, withKotlin } from "./kotlin/kotlin.ts";
import { KOTLIN } from "./kotlin/only.ts";
import { ANSWERING } from "./scenarios/answering.ts";
import { FOLLOWING } from "./scenarios/following.ts";
import { UPLOADING } from "./scenarios/uploading.ts";

const found = findJava();
if ("missing" in found) console.log(`The Kotlin connectors are not run: ${found.missing} is missing.`);

const SDK: Sdk = {
  asksPerRenewal: 1,
  renewsEarly: true,
  setsSessionEnd: true,
  texts: {
    notSignedIn: "Not logged in",
    uploadsWait: "NotSignedInException",
    reset: "unexpected end of stream",
    hang: "TimeLimitException: No answer within 300ms",
    noAccessToken: "No answer within",
  },
  failedRefreshes: [
    [authError(503, "unexpected_failure"), "Auth says unexpected_failure"],
    [authError(429, "over_request_rate_limit"), "Auth says over_request_rate_limit"],
    // A gateway, for example because the API key was changed.
    [status(401), "Unauthorized"],
    [hang, "timeout"],
  ],
};

Deno.test({
  name: "Kotlin: the connectors hold in the real PowerSync SDK",
  ignore: "missing" in found,
  async fn(t) {
    if ("missing" in found) return;
    await using provider = await startProvider();
    await withKotlin(found.java, async (kotlin) => {
      await runScenarios(t, { ...FOLLOWING, ...ANSWERING, ...UPLOADING, ...KOTLIN }, {
        sdk: SDK,
        provider,
        start: ({ proxy, publishableKey }) =>
          new Device(kotlin, { device: crypto.randomUUID(), url: proxy.url, publishableKey }),
      });
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
