import type { RecordKind } from '../record.ts'

/** Fields that stand encrypted in an export, by kind. */
const sealable: Readonly<Record<RecordKind, readonly string[]>> = {
  project: [],
  label: [],
  task: ['title', 'description'],
  comment: ['body'],
  receipt: ['requestHash'],
  guard: [],
}

const base64 = /^[A-Za-z0-9+/]+={0,2}$/

/** The encrypted fields of a record in an export, each with an empty text in its place; or what is wrong with them. */
export function sealedFieldsIn(
  kind: RecordKind,
  given: Readonly<Record<string, unknown>>,
): ReadonlySet<string> | string {
  if (!('sealed' in given)) return new Set()
  const { key, dataKey, values, ...others }: Readonly<Record<string, unknown>> = Object(given['sealed'])
  const isWhole =
    typeof key === 'string' &&
    typeof dataKey === 'string' &&
    base64.test(dataKey) &&
    typeof values === 'object' &&
    values !== null &&
    Object.values(values).every(value => typeof value === 'string' && base64.test(value)) &&
    Object.keys(others).length === 0
  if (!isWhole) return 'sealed must be { key, dataKey, values } as an export writes it'
  const names = Object.keys(values)
  const stranger = names.find(name => !sealable[kind].includes(name))
  if (stranger !== undefined) return `sealed has a value for ${stranger}, which is never encrypted`
  const twofold = names.find(name => given[name] !== '')
  if (twofold !== undefined) return `${twofold} must be an empty text, because sealed has its value`
  return new Set(names)
}
