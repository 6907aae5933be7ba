/** The files of docs/connectors/kotlin, built with Maven and run on a JVM, which Driver.kt drives. */
import { fileURLToPath } from "node:url";
import { ClientProcess } from "../harness/client_process.ts";

const CONNECTORS = fileURLToPath(new URL("../../../docs/connectors/kotlin/", import.meta.url));
const DRIVER = fileURLToPath(new URL("./Driver.kt", import.meta.url));
const SOURCES = "src/commonMain/kotlin";

const MIN_JAVA = 17;

/** The first build downloads 125 MB. */
const BUILD_LIMIT_MS = 600_000;

/** The `java` that Maven runs on, or what is missing. */
export function findJava(): { readonly java: string } | { readonly missing: string } {
  try {
    const said = new TextDecoder().decode(new Deno.Command("mvn", { args: ["-v"] }).outputSync().stdout);
    const [, version = "0", home = ""] = /^Java version: (\d+).*runtime: (.*)$/m.exec(said) ?? [];
    if (Number(version) < MIN_JAVA) return { missing: `Java ${MIN_JAVA} (Maven runs on ${version})` };
    return { java: `${home}/bin/java` };
  } catch {
    return { missing: "Maven (mvn)" };
  }
}

/** Builds once, runs one JVM for everything in `test`, and removes both. */
export async function withKotlin(
  java: string,
  test: (kotlin: ClientProcess) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const classpath = await build(folder);
    await using kotlin = new ClientProcess({
      program: java,
      // It leaves no files outside of the folder, even when it is killed.
      args: [
        `-Djava.io.tmpdir=${folder}`,
        `-Djava.util.prefs.userRoot=${folder}`,
        "-XX:-UsePerfData",
        ...["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m"],
        ...["-cp", `${folder}/target/classes:${classpath}`, "com.example.app.DriverKt"],
      ],
      folder,
    });
    await test(kotlin);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Returns the class path of what the connectors depend on. */
async function build(folder: string): Promise<string> {
  await Deno.mkdir(`${folder}/${SOURCES}`, { recursive: true });
  await Deno.copyFile(`${CONNECTORS}pom.xml`, `${folder}/pom.xml`);
  for await (const { name } of Deno.readDir(`${CONNECTORS}${SOURCES}`)) {
    await Deno.copyFile(`${CONNECTORS}${SOURCES}/${name}`, `${folder}/${SOURCES}/${name}`);
  }
  await Deno.copyFile(DRIVER, `${folder}/${SOURCES}/Driver.kt`);
  await Deno.writeTextFile(`${folder}/${SOURCES}/Readme.kt`, await readmeExamples());
  const file = `${folder}/classpath`;
  const { success, stdout } = await new Deno.Command("mvn", {
    args: [
      ...["--batch-mode", "--quiet", "compile"],
      ...[
        "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath",
        `-Dmdep.outputFile=${file}`,
      ],
      // The daemon would outlive the build.
      "-Dkotlin.compiler.daemon=false",
    ],
    cwd: folder,
    signal: AbortSignal.timeout(BUILD_LIMIT_MS),
  }).output();
  if (!success) throw new Error(`Maven failed:\n${new TextDecoder().decode(stdout)}`);
  return await Deno.readTextFile(file);
}

/** The examples of the README, as functions that only have to compile. */
async function readmeExamples(): Promise<string> {
  const readme = await Deno.readTextFile(`${CONNECTORS}README.md`);
  const examples = [...readme.matchAll(/^```kotlin\n([^]*?)^```/gm)].map(([, code], number) =>
    `private suspend fun example${number}(
      scope: kotlinx.coroutines.CoroutineScope,
      project: Project,
      database: com.powersync.PowerSyncDatabase,
      users: kotlinx.coroutines.flow.Flow<String?>,
      accessToken: suspend () -> String?,
    ) {\n${code}}\n`
  );
  const keep = "private suspend fun keep(changes: List<RefusedChange>) = println(changes)\n";
  const imports = ["auth.Auth", "createSupabaseClient", "postgrest.Postgrest"].map((name) =>
    `import io.github.jan.supabase.${name}\n`
  );
  return `package com.example.app\n\n${imports.join("")}\n${keep}\n${examples.join("\n")}`;
}
