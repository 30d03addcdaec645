import { setTimeout as pause } from 'node:timers/promises'

/** Waits until `condition` holds; rejects, naming `what`, when it does not within `ms`. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  ms = 5_000,
): Promise<void> {
  const end = performance.now() + ms
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`)
    await pause(5)
  }
}
