import { EnneadError } from './errors.ts'

/** The longest a timer of Node can wait; beyond this it fires at once. Milliseconds. */
export const longestMs = 2 ** 31 - 1

/** Throws BAD_OPTION unless `value` is a time above 0 that a timer can wait. */
export function checkDuration(name: string, value: number): void {
  if (typeof value !== 'number' || !(value > 0 && value <= longestMs)) {
    throw new EnneadError(
      'BAD_OPTION',
      `${name} must be more than 0 and at most ${longestMs} ms, got ${value}`,
    )
  }
}

/** Throws BAD_OPTION unless `value` is an integer from `min` to `max`. */
export function checkInteger(name: string, value: number, min: number, max: number): void {
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw new EnneadError('BAD_OPTION', `${name} must be an integer from ${min} to ${max}, got ${value}`)
  }
}

/** Throws BAD_OPTION unless `value` is a number from `min` to `max`. */
export function checkNumber(name: string, value: number, min: number, max: number): void {
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    throw new EnneadError('BAD_OPTION', `${name} must be a number from ${min} to ${max}, got ${value}`)
  }
}
