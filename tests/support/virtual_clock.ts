/** A clock that jumps from one planned action to the next. */
export class VirtualClock {
  /** Seconds since 1970. */
  now: number;
  /** A binary heap by time. */
  readonly #planned: { at: number; action: () => void }[] = [];

  constructor(start: number) {
    this.now = start;
  }

  /** Plans an action; one that is planned for the past happens next. */
  plan(at: number, action: () => void): void {
    const heap = this.#planned;
    let index = heap.push({ at, action }) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.#time(parent) <= this.#time(index)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  /** Runs every action planned before a time, including those that actions plan. */
  runUntil(end: number): void {
    for (let next = this.#take(end); next !== undefined; next = this.#take(end)) {
      this.now = Math.max(this.now, next.at);
      next.action();
    }
    this.now = end;
  }

  #take(end: number): { at: number; action: () => void } | undefined {
    const heap = this.#planned;
    if (this.#time(0) >= end) return undefined;
    this.#swap(0, heap.length - 1);
    const taken = heap.pop();
    let index = 0;
    for (;;) {
      const children = [2 * index + 1, 2 * index + 2];
      const smallest = children.reduce(
        (best, child) => this.#time(child) < this.#time(best) ? child : best,
        index,
      );
      if (smallest === index) return taken;
      this.#swap(index, smallest);
      index = smallest;
    }
  }

  #time(index: number): number {
    return this.#planned[index]?.at ?? Infinity;
  }

  #swap(a: number, b: number): void {
    const [first, second] = [this.#planned[a], this.#planned[b]];
    if (first === undefined || second === undefined) return;
    this.#planned[a] = second;
    this.#planned[b] = first;
  }
}
