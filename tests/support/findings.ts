import { inspect, type InspectOptions } from "../../scripts/setup/inspect.ts";

/** What is wrong with a set of secrets, each as its severity, ID, name, and the name or value to set instead. */
export async function findingsOf(
  variables: Readonly<Record<string, string>>,
  options: InspectOptions = { place: "deployment" },
): Promise<string[]> {
  const findings = await inspect(variables, options);
  return findings.map(({ severity, id, name, rename, correct }) =>
    [severity, id, name, rename ?? [], correct ?? []].flat().join(" ")
  );
}
