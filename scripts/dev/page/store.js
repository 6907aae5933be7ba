/**
 * What the parts of the page share. `server`: what it says of itself. `isOnline`: whether it answers; both are
 * `undefined` at first. `session`: of the signed-in user, in memory only, so that a reload signs out.
 */
export let page = { server: undefined, isOnline: undefined, session: undefined };

const listeners = [];

/** Calls back after each change and each second, with the page before it: everything on the page follows from both. */
export function onUpdate(listener) {
  listeners.push(listener);
}

/** Changes the page. */
export function update(changes = {}) {
  const before = page;
  page = { ...page, ...changes };
  listeners.forEach((listener) => listener(before));
}
