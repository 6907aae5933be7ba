import type { Random } from "./random.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** Seconds before expiry at which the SDKs renew. */
const RENEW_BEFORE_SECONDS = 20;
/** Seconds after which the SDKs try again. */
const RETRY_SECONDS = 5;
/** PowerSync accepts a token so much longer than `exp`; a client that slept may show it in that time. */
const TOLERANCE_SECONDS = 59;

/** What a simulated client lives in. */
export interface SimulatedWorld {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly lifetimeSeconds: number;
  /** Renews as long as the simulation lasts; otherwise it connects once and comes back after minutes or hours. */
  readonly steady: boolean;
  /** Asks an auth function for a token. Returns the `kid` it is signed with. */
  issue(at: number): string;
  /** Shows a token to PowerSync. Returns whether it finds the key. */
  present(kid: string, at: number): boolean;
}

/** A client SDK as the contract describes it: it renews before expiry, keeps its token, retries with a new one. */
export class SimulatedClient {
  presented = 0;
  refused = 0;
  longestOutageSeconds = 0;
  readonly #world: SimulatedWorld;
  #refusedSince: number | undefined;

  constructor(world: SimulatedWorld) {
    this.#world = world;
  }

  start(): void {
    const { clock, random, steady, lifetimeSeconds } = this.#world;
    clock.plan(clock.now + random.between(0, steady ? lifetimeSeconds : this.#gap()), () => this.#connect());
  }

  #connect(): void {
    const { clock, lifetimeSeconds, steady } = this.#world;
    this.#showNewToken((kid, issuedAt) => {
      this.#planReconnects(kid, issuedAt);
      const renewal = issuedAt + lifetimeSeconds - RENEW_BEFORE_SECONDS;
      clock.plan(steady ? renewal : issuedAt + this.#gap(), () => this.#connect());
    });
  }

  /** Gets a token and shows it, and another one until one is accepted. */
  #showNewToken(accepted: (kid: string, issuedAt: number) => void): void {
    const { clock, random } = this.#world;
    const issuedAt = clock.now;
    const kid = this.#world.issue(issuedAt);
    clock.plan(issuedAt + random.between(0, 2), () => {
      if (this.#isAccepted(kid)) accepted(kid, issuedAt);
      else clock.plan(clock.now + RETRY_SECONDS, () => this.#showNewToken(accepted));
    });
  }

  /** The network changes and the SDK shows the token it has, at times until the last second it is good for. */
  #planReconnects(kid: string, issuedAt: number): void {
    const { clock, random, lifetimeSeconds } = this.#world;
    const last = issuedAt + lifetimeSeconds + TOLERANCE_SECONDS;
    for (let left = random.integer(0, 3); left > 0; left--) {
      clock.plan(random.chance(0.3) ? last : random.between(clock.now, last), () => {
        if (!this.#isAccepted(kid)) clock.plan(clock.now + RETRY_SECONDS, () => this.#showNewToken(() => {}));
      });
    }
  }

  #isAccepted(kid: string): boolean {
    const { clock } = this.#world;
    this.presented++;
    if (this.#world.present(kid, clock.now)) {
      this.#refusedSince = undefined;
      return true;
    }
    this.refused++;
    this.#refusedSince ??= clock.now;
    const outage = clock.now + RETRY_SECONDS - this.#refusedSince;
    this.longestOutageSeconds = Math.max(this.longestOutageSeconds, outage);
    return false;
  }

  /** Mostly a little above or below an hour, where PowerSync's cache is at its oldest. */
  #gap(): number {
    const { random } = this.#world;
    return random.chance(0.6) ? random.between(50 * 60, 70 * 60) : random.between(60, 5 * 3600);
  }
}
