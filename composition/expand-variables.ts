/** What `${env.NAME}` and `${file.PATH}` stand for. */
export interface Variables {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The content of a file beside the configuration; undefined when it cannot be read. */
  readonly file: (path: string) => string | undefined
}

export type Expansion =
  | { readonly ok: true; readonly value: string }
  /** `missing` as written, without the braces: `env.TOKEN`. */
  | { readonly ok: false; readonly missing: string }

/**
 * `text` with every `${env.NAME}`, `${env.NAME:-default}` and `${file.PATH}` replaced, once: what they stand for is not
 * expanded again. A variable that is not set and has no default is refused rather than left out.
 */
export function expandVariables(text: string, variables: Variables): Expansion {
  let missing: string | undefined
  const value = text.replaceAll(
    /\$\{(env|file)\.([^}:]+)(?::-([^}]*))?\}/g,
    (_all, kind: string, name: string, fallback: string | undefined) => {
      const found = kind === 'env' ? variables.environment[name] : variables.file(name)?.replace(/\r?\n$/, '')
      if (found === undefined && fallback === undefined) missing ??= `${kind}.${name}`
      return found ?? fallback ?? ''
    },
  )
  return missing === undefined ? { ok: true, value } : { ok: false, missing }
}
