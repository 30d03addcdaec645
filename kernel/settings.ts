import { EnneadError } from './errors.ts'

/**
 * One setting: given as a flag (`--request-timeout-ms 500`, `--request-timeout-ms=500`; a switch as `--demo` or
 * `--no-demo`) or in the environment (`ENNEAD_REQUEST_TIMEOUT_MS`). The flag wins.
 */
export interface Setting<T> {
  readonly help: string
  /** What may be given, for people: `0 to 65535`. */
  readonly allowed: string
  /** Undefined: there is none, and the setting may stay out. */
  readonly fallback: T
  /** Turns the text given into a value, or answers undefined when it is not allowed. */
  readonly parse: (text: string) => T | undefined
  /** A switch takes no value on the command line. */
  readonly isSwitch: boolean
  /** Never shown, not even when refused. */
  readonly secret: boolean
}

export type SettingTable = Readonly<Record<string, Setting<unknown>>>

export type SettingsOf<S extends SettingTable> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never
}

/** An integer from `min` to `max`. */
export function integer(help: string, fallback: number, min: number, max: number): Setting<number> {
  return setting(help, `an integer from ${min} to ${max}`, fallback, text => {
    const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    return Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined
  })
}

/** On or off. */
export function toggle(help: string, fallback: boolean): Setting<boolean> {
  const words = new Map([
    ['true', true],
    ['1', true],
    ['false', false],
    ['0', false],
  ])
  return { ...setting(help, 'true or false', fallback, text => words.get(text)), isSwitch: true }
}

/** One of a few words. */
export function choice<const T extends string>(help: string, fallback: T, words: readonly T[]): Setting<T> {
  return setting(help, words.join(', '), fallback, text => words.find(word => word === text))
}

/** Any text that is not empty. */
export function text<const F extends string | undefined>(help: string, fallback: F): Setting<string | F> {
  return setting<string | F>(help, 'a text', fallback, given => (given === '' ? undefined : given))
}

/** A text that must never be shown. */
export function secret(help: string): Setting<string | undefined> {
  return { ...text(help, undefined), secret: true }
}

/** An absolute URL of one of `protocols`, e.g. `['http:', 'https:']`. Credentials in it are never shown. */
export function url(help: string, protocols: readonly string[]): Setting<string | undefined> {
  const allowed = `a URL that begins with ${protocols.map(protocol => `${protocol}//`).join(' or ')}`
  return {
    ...setting<string | undefined>(help, allowed, undefined, given => {
      const parsed = URL.parse(given)
      return parsed !== null && protocols.includes(parsed.protocol) ? given : undefined
    }),
    secret: true,
  }
}

/** Words separated by commas, each one of `words` when they are given. A comma in braces, as in a glob, separates nothing. */
export function list(help: string, words?: readonly string[]): Setting<readonly string[]> {
  const allowed =
    words === undefined ? 'a list separated by commas' : `any of ${words.join(', ')}, separated by commas`
  return setting<readonly string[]>(help, allowed, [], given => {
    const parts = given
      .split(/,(?![^{}]*\})/)
      .map(part => part.trim())
      .filter(part => part !== '')
    return words === undefined || parts.every(part => words.includes(part)) ? parts : undefined
  })
}

function setting<T>(
  help: string,
  allowed: string,
  fallback: T,
  parse: (text: string) => T | undefined,
): Setting<T> {
  return { help, allowed, fallback, parse, isSwitch: false, secret: false }
}

/** `requestTimeoutMs` → `--request-timeout-ms` */
export function flagOf(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`
}

/** `requestTimeoutMs` → `ENNEAD_REQUEST_TIMEOUT_MS` */
export function variableOf(name: string): string {
  return `ENNEAD_${name.replaceAll(/[A-Z]/g, letter => `_${letter}`).toUpperCase()}`
}

/**
 * Reads all settings of `table`. Throws BAD_OPTION for an unknown flag, a stray word, a flag without its value, and a
 * value that is not allowed: with the name, the value (unless it is secret) and what is allowed.
 */
export function readSettings<const S extends SettingTable>(
  table: S,
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): SettingsOf<S> {
  const given = readFlags(table, argv)
  const values: Record<string, unknown> = {}
  for (const [name, definition] of Object.entries(table)) {
    const fromFlag = given.get(name)
    const fromEnvironment = environment[variableOf(name)]
    if (fromFlag !== undefined) values[name] = parseSetting(definition, flagOf(name), fromFlag)
    else if (fromEnvironment !== undefined && fromEnvironment !== '') {
      values[name] = parseSetting(definition, variableOf(name), fromEnvironment)
    } else values[name] = definition.fallback
  }
  // Each key of the table was given a value of its own setting's type just above.
  return values as SettingsOf<S>
}

function readFlags(table: SettingTable, argv: readonly string[]): Map<string, string> {
  const names = new Map(Object.keys(table).map(name => [flagOf(name), name]))
  const given = new Map<string, string>()
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? ''
    const [flag = '', ...rest] = word.split('=')
    const inline = rest.length > 0 ? rest.join('=') : undefined
    const negated = flag.startsWith('--no-') ? names.get(`--${flag.slice('--no-'.length)}`) : undefined
    const name = names.get(flag) ?? negated
    const definition = name === undefined ? undefined : table[name]
    if (name === undefined || definition === undefined || (negated !== undefined && !definition.isSwitch)) {
      throw unknownWord(word, [...names.keys()])
    }
    if (definition.isSwitch) given.set(name, negated === undefined ? (inline ?? 'true') : 'false')
    else {
      const next = inline ?? argv[++index]
      if (next === undefined)
        throw new EnneadError('BAD_OPTION', `${flag} needs a value: ${definition.allowed}`)
      given.set(name, next)
    }
  }
  return given
}

function unknownWord(word: string, flags: readonly string[]): EnneadError {
  const shown = JSON.stringify(word.length > 80 ? `${word.slice(0, 80)}…` : word)
  const what = word.startsWith('-') ? 'unknown flag' : 'unexpected argument'
  return new EnneadError('BAD_OPTION', `${what} ${shown}; the flags are ${flags.join(' ')} --help`)
}

function parseSetting(definition: Setting<unknown>, name: string, given: string): unknown {
  const value = definition.parse(given)
  if (value !== undefined) return value
  const shown = definition.secret ? 'the value given' : JSON.stringify(given)
  throw new EnneadError('BAD_OPTION', `${name}: ${shown} is not allowed; it must be ${definition.allowed}`)
}

/** One line a setting: flag, what it means, what is allowed, default, variable. */
export function describeSettings(table: SettingTable): string {
  return Object.entries(table)
    .map(([name, definition]) => {
      const fallback = definition.fallback
      const shown =
        fallback === undefined ||
        (Array.isArray(fallback) && fallback.length === 0) ||
        (fallback instanceof Map && fallback.size === 0)
          ? 'none'
          : JSON.stringify(fallback)
      const flag = definition.isSwitch && fallback === true ? `--no-${flagOf(name).slice(2)}` : flagOf(name)
      return `  ${flag}\n      ${definition.help}\n      ${definition.allowed}; default ${shown}; ${variableOf(name)}`
    })
    .join('\n')
}
