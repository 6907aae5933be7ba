/**
 * The configuration of workerd for a bundled Worker.
 *
 * @param folder The bundle: worker.js and what it imports.
 */
export async function workerdConfig(
  folder: string,
  { port, environment, compatibilityDate }: {
    readonly port: number;
    readonly environment: Readonly<Record<string, string>>;
    readonly compatibilityDate: string;
  },
): Promise<string> {
  const names = ["worker.js"];
  for await (const { name } of Deno.readDir(folder)) {
    if (name.endsWith(".js") && name !== "worker.js") names.push(name);
  }
  // A text of Cap'n Proto is one of JSON here: no value has a control character.
  const modules = names.map((name) => `(name = "${name}", esModule = embed "${name}")`);
  const bindings = Object.entries(environment).map(([name, value]) =>
    `(name = "${name}", text = ${JSON.stringify(value)})`
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [${modules.join()}],
  bindings = [${bindings.join()}],
  compatibilityDate = "${compatibilityDate}",
);
`;
}
