/** The middle value. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * part)] ?? NaN;
}

/** Seconds of processor time that a process and its threads have used (proc(5), schedstat: nanoseconds). */
export async function cpuSeconds(pid: number): Promise<number> {
  let nanoseconds = 0;
  for await (const { name } of Deno.readDir(`/proc/${pid}/task`)) {
    nanoseconds += Number((await Deno.readTextFile(`/proc/${pid}/task/${name}/schedstat`)).split(" ")[0]);
  }
  return nanoseconds / 1e9;
}

/** Equal runs that differ by more than this part of their median were disturbed. */
const MAX_SPREAD = 0.15;

/** Says when other work on the machine spoils a run: equal cold starts then differ. */
export function warnIfBusy(what: string, values: readonly number[]): void {
  const spread = (quantile(values, 0.75) - quantile(values, 0.25)) / median(values);
  if (spread <= MAX_SPREAD) return;
  const [load = ""] = Deno.readTextFileSync("/proc/loadavg").split(" ");
  console.log(
    `\n**The machine was too busy to trust these numbers**: the middle half of the cold starts of ${what} differ by ` +
      `${(spread * 100).toFixed(0)} % (load average ${load}, ${navigator.hardwareConcurrency} cores).\n`,
  );
}
