import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import { EnneadError } from '../../kernel/errors.ts'
import type { JoinRule, SignInProvider } from '../../subgraphs/auth/providers/provider-options.ts'

type Fields = Readonly<Record<string, unknown>>

const providerFields = [
  'name',
  'label',
  'issuer',
  'clientId',
  'clientSecret',
  'clientSecretFile',
  'scopes',
  'redirectUris',
  'join',
]
const joinFields = ['workspace', 'role', 'emailDomains']
const joinRoles: readonly JoinRule['role'][] = ['ADMIN', 'MEMBER', 'GUEST']

/**
 * The providers in a YAML file (docs/sign-in.md has its form); a secret in a file of its own is found beside it. None without a
 * file. Rejects with BAD_OPTION that names file, provider and field.
 */
export async function readSignInProviders(path: string | undefined): Promise<readonly SignInProvider[]> {
  if (path === undefined) return []
  const file = new ProvidersFile(path)
  const { providers, ...more } = file.object(await file.read(), 'the file')
  file.refuseUnknown('the file', more, [])
  if (!Array.isArray(providers)) throw file.wrong('providers must be a list')
  return Promise.all(providers.map((one: unknown, index) => file.provider(one, `providers[${index}]`)))
}

class ProvidersFile {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  async read(): Promise<unknown> {
    try {
      return parse(await readFile(this.#path, 'utf8'))
    } catch (cause) {
      throw this.wrong(cause instanceof Error ? cause.message : 'it cannot be read', cause)
    }
  }

  async provider(value: unknown, where: string): Promise<SignInProvider> {
    const fields = this.object(value, where)
    this.refuseUnknown(where, fields, providerFields)
    const join = fields['join'] === undefined ? undefined : this.#join(fields['join'], `${where}.join`)
    return {
      name: this.#text(fields, 'name', where),
      label: this.#optionalText(fields, 'label', where),
      issuer: this.#text(fields, 'issuer', where),
      clientId: this.#text(fields, 'clientId', where),
      clientSecret: await this.#secret(fields, where),
      scopes: this.#texts(fields, 'scopes', where),
      redirectUris: this.#texts(fields, 'redirectUris', where) ?? [],
      join,
    }
  }

  object(value: unknown, where: string): Fields {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
    throw this.wrong(`${where} must be an object`)
  }

  refuseUnknown(where: string, fields: Fields, known: readonly string[]): void {
    const unknown = Object.keys(fields).find(name => !known.includes(name))
    if (unknown !== undefined) throw this.wrong(`${where} has no field ${JSON.stringify(unknown)}`)
  }

  wrong(why: string, cause?: unknown): EnneadError {
    return new EnneadError('BAD_OPTION', `--sign-in-providers ${this.#path}: ${why}`, { cause })
  }

  #join(value: unknown, where: string): JoinRule {
    const fields = this.object(value, where)
    this.refuseUnknown(where, fields, joinFields)
    const role = joinRoles.find(known => known === fields['role'])
    if (role === undefined) throw this.wrong(`${where}.role must be one of ${joinRoles.join(', ')}`)
    const emailDomains = this.#texts(fields, 'emailDomains', where)
    return { workspace: this.#text(fields, 'workspace', where), role, emailDomains }
  }

  async #secret(fields: Fields, where: string): Promise<string | undefined> {
    const file = this.#optionalText(fields, 'clientSecretFile', where)
    if (file === undefined) return this.#optionalText(fields, 'clientSecret', where)
    if (fields['clientSecret'] !== undefined)
      throw this.wrong(`${where} has both clientSecret and clientSecretFile`)
    try {
      return (await readFile(resolve(dirname(this.#path), file), 'utf8')).trim()
    } catch (cause) {
      throw this.wrong(`${where}.clientSecretFile ${file} cannot be read`, cause)
    }
  }

  #text(fields: Fields, name: string, where: string): string {
    const value = this.#optionalText(fields, name, where)
    if (value === undefined) throw this.wrong(`${where}.${name} is missing`)
    return value
  }

  #optionalText(fields: Fields, name: string, where: string): string | undefined {
    const value = fields[name]
    if (value === undefined || typeof value === 'string') return value
    throw this.wrong(`${where}.${name} must be a text`)
  }

  #texts(fields: Fields, name: string, where: string): readonly string[] | undefined {
    const value = fields[name]
    if (value === undefined) return undefined
    if (Array.isArray(value) && value.every(one => typeof one === 'string')) return value
    throw this.wrong(`${where}.${name} must be a list of texts`)
  }
}
