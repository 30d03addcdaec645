import type { Display } from '../composition/display.ts'

/** A stream of this process as something to show people text on. */
export interface Terminal extends Display {
  /** A person is looking: progress may be shown and the line written anew. */
  readonly interactive: boolean
}

interface OutputStream {
  readonly isTTY?: boolean
  readonly columns?: number
}

/**
 * What `stream` can show. Colours: on a terminal, unless NO_COLOR is set or TERM is `dumb`; anywhere with FORCE_COLOR.
 * Sources: https://no-color.org, https://force-color.org
 */
export function terminalOf(
  stream: OutputStream,
  environment: Readonly<Record<string, string | undefined>>,
): Terminal {
  const interactive = stream.isTTY === true
  const force = environment['FORCE_COLOR']
  const forced = force !== undefined && force !== '' && force !== '0' && force !== 'false'
  const refused = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb' || force === '0'
  return {
    colour: forced || (interactive && !refused),
    width: interactive ? (stream.columns ?? 80) : undefined,
    interactive: interactive && environment['TERM'] !== 'dumb',
  }
}
