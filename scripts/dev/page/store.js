/** What the parts of the page share. Each change is told to whoever listens. */

const listeners = { state: [], isOnline: [], session: [] };

/**
 * `state`: what the server says of itself; `undefined` at first. `isOnline`: whether it answers; `undefined` at first.
 * `session`: of the signed-in user, in memory only, so that a reload signs out.
 */
export const shared = { state: undefined, isOnline: undefined, session: undefined };

/** Changes one of the three. */
export function set(name, value) {
  const before = shared[name];
  shared[name] = value;
  if (value !== before) listeners[name].forEach((listener) => listener(value, before));
}

/** Calls back after each change, with the new and the old value. */
export function on(name, listener) {
  listeners[name].push(listener);
}
