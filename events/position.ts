import { EnneadError } from '../kernel/errors.ts'

/** A place in a log. `epoch` names the log's life; `seq` counts up from 1, and 0 is before all. */
export interface Position {
  readonly epoch: string
  readonly seq: number
}

/** `epoch:seq`, as positions cross from process to process. */
export function formatPosition(position: Position): string {
  return `${position.epoch}:${position.seq}`
}

/** The position of `epoch:seq`, or undefined when the text is none. */
export function parsePosition(text: string): Position | undefined {
  const match = /^([\w-]{1,64}):(\d{1,15})$/.exec(text)
  if (match?.[1] === undefined || match[2] === undefined) return undefined
  const position = { epoch: match[1], seq: Number(match[2]) }
  return formatPosition(position) === text ? position : undefined
}

/** Below 0 when `left` is before `right`, 0 when they are one place. Throws CURSOR_EXPIRED across epochs. */
export function comparePositions(left: Position, right: Position): number {
  if (left.epoch !== right.epoch) throw cursorExpired()
  return left.seq - right.seq
}

/** What a reader is told whose place is of another life of the log, or no longer kept. */
export function cursorExpired(cause?: unknown): EnneadError {
  return new EnneadError('CURSOR_EXPIRED', 'events behind this cursor are no longer kept; load anew', {
    cause,
  })
}
