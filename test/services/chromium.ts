import { isExecutable } from './availability.ts'

/** A Chromium: the one that CHROMIUM names, or Debian's. */
export function findChromium(): string | undefined {
  const path = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
  return isExecutable(path) ? path : undefined
}
