/** One line of the log; `event` is a stable dotted name, the rest are facts about it. */
export type LogFacts = Readonly<Record<string, unknown>>

/** Structured log: one JSON object a line, so that no input can forge a second line. */
export interface Log {
  debug(event: string, facts?: LogFacts): void
  info(event: string, facts?: LogFacts): void
  warn(event: string, facts?: LogFacts): void
  error(event: string, facts?: LogFacts): void
  /** A log whose lines all carry `facts`. */
  with(facts: LogFacts): Log
}

export const logLevels = ['debug', 'info', 'warn', 'error', 'off'] as const
export type LogLevel = (typeof logLevels)[number]

export interface LogOptions {
  /** Lines below this level are dropped. Default `warn`. */
  readonly level?: LogLevel
  /** Takes one line without its end. Default: standard error. */
  readonly write?: (line: string) => void
  /** Milliseconds since 1970. */
  readonly wall?: () => number
}

/** Errors are written with message, code, stack and causes; everything else as JSON writes it. */
export function jsonLog(options: LogOptions = {}, bound: LogFacts = {}): Log {
  const { level = 'warn', write = line => process.stderr.write(`${line}\n`), wall = Date.now } = options
  const from = logLevels.indexOf(level)
  const line = (at: LogLevel, event: string, facts: LogFacts | undefined): void => {
    if (logLevels.indexOf(at) < from) return
    write(
      JSON.stringify({ time: new Date(wall()).toISOString(), level: at, event, ...bound, ...facts }, plain),
    )
  }
  return {
    debug: (event, facts) => line('debug', event, facts),
    info: (event, facts) => line('info', event, facts),
    warn: (event, facts) => line('warn', event, facts),
    error: (event, facts) => line('error', event, facts),
    with: facts => jsonLog(options, { ...bound, ...facts }),
  }
}

/** A log that drops everything, for tests and short commands. */
export const silentLog: Log = jsonLog({ level: 'off' })

function plain(_key: string, value: unknown): unknown {
  if (value instanceof Error) {
    const code: unknown = 'code' in value ? value.code : undefined
    return { message: value.message, code, stack: value.stack, cause: value.cause }
  }
  return typeof value === 'bigint' ? value.toString() : value
}
