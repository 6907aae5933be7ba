/**
 * Gives this worker its own environment, for `Deno.env` and Node's `process.env`. The environment of the process and
 * the shell stays out of reach, so a function sees what it will see when deployed, and no secret that was removed.
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
