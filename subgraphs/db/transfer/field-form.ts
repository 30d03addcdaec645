import { type IdKind, kindOfGlobalId } from '../../../kernel/global-id.ts'
import { normalInstant } from '../../service/date-time.ts'
import { InputCheck } from '../commands/input-check.ts'

/** What is wrong with a value, as it follows a field's name ("must be …"); undefined when nothing is. */
export type FieldForm = (value: unknown) => string | undefined

/** A global id of this kind. */
export function idOf(kind: IdKind): FieldForm {
  const wrong = `must be the id of a ${kind.toLowerCase()}`
  return value => (typeof value === 'string' && kindOfGlobalId(value) === kind ? undefined : wrong)
}

/** A text of `min` to `max` characters, as the commands take it. */
export function textOf(min: number, max: number): FieldForm {
  return value => {
    if (typeof value !== 'string') return 'must be a text'
    const check = new InputCheck([])
    check.text('', value, min, max)
    return check.errors[0]?.message.trim()
  }
}

/** A text that matches `form`; `meaning` says it to people. */
export function matching(form: RegExp, meaning: string): FieldForm {
  return value => (typeof value === 'string' && form.test(value) ? undefined : `must be ${meaning}`)
}

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number): FieldForm {
  return value =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
      ? undefined
      : `must be a whole number from ${min} to ${max}`
}

export function oneOf(words: readonly string[]): FieldForm {
  return value => (words.some(word => word === value) ? undefined : `must be one of ${words.join(', ')}`)
}

export const yesOrNo: FieldForm = value => (typeof value === 'boolean' ? undefined : 'must be true or false')

/** An instant as records keep it: UTC with milliseconds. */
export const instant: FieldForm = value =>
  typeof value === 'string' && normalInstant(value) === value
    ? undefined
    : 'must be an instant in UTC with milliseconds, e.g. 2026-11-21T09:00:00.000Z'

export function orNull(form: FieldForm): FieldForm {
  return value => (value === null ? undefined : form(value))
}

/** A list of at most `max` values of one form, each once. */
export function listOf(form: FieldForm, max: number): FieldForm {
  return value => {
    if (!Array.isArray(value)) return 'must be a list'
    if (value.length > max) return `may have at most ${max} entries, has ${value.length}`
    if (new Set(value).size < value.length) return 'names one thing twice'
    const wrong = value.map(form).find(found => found !== undefined)
    return wrong === undefined ? undefined : `has an entry that ${wrong}`
  }
}
