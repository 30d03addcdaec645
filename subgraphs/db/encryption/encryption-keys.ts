import { EnneadError } from '../../../kernel/errors.ts'

/** A key that data keys are wrapped with. */
export interface EncryptionKey {
  /** Stands in every record that was encrypted with it. */
  readonly id: string
  /** 32 bytes. */
  readonly bytes: Buffer
}

const keyBytes = 32
const keyForm = /^([A-Za-z0-9][\w.-]{0,63}):([A-Za-z0-9+/_-]{43}=?)$/

/**
 * Keys as an operator writes them: `id:key` with 32 bytes in base64, separated by commas or line breaks, the one to encrypt with
 * first; `#` begins a line that is a comment. Throws BAD_OPTION, naming `named` and the line that is wrong, never its key.
 */
export function parseEncryptionKeys(
  text: string,
  named: string,
): readonly [EncryptionKey, ...EncryptionKey[]] {
  const keys = new Map<string, EncryptionKey>()
  const words = text
    .split('\n')
    .filter(line => !line.trimStart().startsWith('#'))
    .flatMap(line => line.split(','))
    .map(word => word.trim())
    .filter(word => word !== '')
  for (const [index, word] of words.entries()) {
    const [, id, encoded] = keyForm.exec(word) ?? []
    const bytes = Buffer.from(encoded ?? '', 'base64')
    if (id === undefined || bytes.length !== keyBytes) {
      const wanted = `must be an id, a colon and ${keyBytes} bytes in base64`
      const how = 'make one: echo "2026-11:$(openssl rand -base64 32)"'
      throw new EnneadError('BAD_OPTION', `${named}: key ${index + 1} ${wanted}; ${how}`)
    }
    if (keys.has(id)) throw new EnneadError('BAD_OPTION', `${named} has two keys with the id "${id}"`)
    keys.set(id, { id, bytes })
  }
  const [first, ...others] = keys.values()
  if (first === undefined) throw new EnneadError('BAD_OPTION', `${named} has no key`)
  return [first, ...others]
}

/** The keys a process has: one encrypts, all decrypt. They may be changed while it runs. */
export class EncryptionKeys {
  #current: EncryptionKey
  #all: ReadonlyMap<string, EncryptionKey>

  /** Looks for new keys where they came from; what it finds is in use when it resolves. */
  look: () => Promise<void> = () => Promise.resolve()

  constructor(keys: readonly [EncryptionKey, ...EncryptionKey[]]) {
    this.#current = keys[0]
    this.#all = byId(keys)
  }

  /** Encrypts from now on with the first of these, and decrypts with any of them. */
  use(keys: readonly [EncryptionKey, ...EncryptionKey[]]): void {
    this.#current = keys[0]
    this.#all = byId(keys)
  }

  get current(): EncryptionKey {
    return this.#current
  }

  get ids(): readonly string[] {
    return [...this.#all.keys()]
  }

  find(id: string): EncryptionKey | undefined {
    return this.#all.get(id)
  }
}

function byId(keys: readonly EncryptionKey[]): ReadonlyMap<string, EncryptionKey> {
  return new Map(keys.map(key => [key.id, key]))
}
