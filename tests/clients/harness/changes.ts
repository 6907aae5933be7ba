/** Waiting for something to become true, without polling and never for ever. */

/** Longer than any client waits by itself before its next attempt. */
const LIMIT_MS = 60_000;

/** State that others wait for: `changed` after each change of it. */
export class Changes {
  #next = Promise.withResolvers<void>();

  changed(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }

  /**
   * Waits until `find` returns something.
   *
   * @param what What is waited for, for the error.
   * @param state What there is instead, for the error.
   */
  async until<Found>(
    what: string,
    find: () => Found | undefined,
    state: () => unknown = () => "",
  ): Promise<Found> {
    let isLate = false;
    const limit = setTimeout(() => {
      isLate = true;
      this.changed();
    }, LIMIT_MS);
    try {
      for (;;) {
        const found = find();
        if (found !== undefined) return found;
        if (isLate) throw new Error(`Waited ${LIMIT_MS} ms for ${what}: ${JSON.stringify(state())}`);
        await this.#next.promise;
      }
    } finally {
      clearTimeout(limit);
    }
  }
}
