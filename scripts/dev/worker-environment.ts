/**
 * Gives this worker an environment of its own, which `Deno.env` and Node's `process.env` then show and change. The
 * process's environment, that of the shell included, stays out of reach, so that a function sees what it will see
 * when deployed, and nothing of a secret that has been removed since.
 *
 * @param variables Names and values; nothing else is set.
 */
export function replaceEnvironment(variables: Readonly<Record<string, string>>): void {
  const own = new Map(Object.entries(variables));
  const environment: Deno.Env = {
    get: (name) => own.get(name),
    set: (name, value) => void own.set(name, value),
    delete: (name) => void own.delete(name),
    has: (name) => own.has(name),
    toObject: () => Object.fromEntries(own),
  };
  Object.assign(Deno.env, environment);
}
