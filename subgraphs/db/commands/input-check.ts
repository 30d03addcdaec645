import type { UserError } from '../../service/user-error.ts'

/** Characters that no text of ours holds: control characters except tab and newline (Unicode category Cc). */
// oxlint-disable-next-line no-control-regex -- refusing them is its purpose
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/u

/** Checks the fields of a mutation's input and collects what is wrong with them. */
export class InputCheck {
  readonly errors: UserError[] = []
  readonly #base: readonly string[]

  /** `base` leads to the input: `['input']`, or `[]` for arguments of the mutation itself. */
  constructor(base: readonly string[] = ['input']) {
    this.#base = base
  }

  refuse(field: string, message: string): void {
    this.errors.push({ code: 'VALIDATION', message, path: [...this.#base, field] })
  }

  /** A text of `min` to `max` characters (code points) that is not only white space when it must not be empty. */
  text(field: string, value: string, min: number, max: number): void {
    if (!value.isWellFormed() || control.test(value)) {
      this.refuse(field, `${field} must not hold control characters other than tab and newline`)
      return
    }
    // A text cannot have more code points than units, so a huge one need not be taken apart.
    const length = value.length > 2 * max ? value.length : Array.from(value).length
    if (length < min || length > max) {
      this.refuse(field, `${field} must have ${min} to ${max} characters, has ${length}`)
    } else if (min > 0 && value.trim() === '') this.refuse(field, `${field} must not be blank`)
  }

  /** A whole number from `min` to `max`. */
  integer(field: string, value: number, min: number, max: number): void {
    if (!Number.isSafeInteger(value) || value < min || value > max) {
      this.refuse(field, `${field} must be from ${min} to ${max}, got ${value}`)
    }
  }

  /** A text of this form. `meaning` says it to people. */
  form(field: string, value: string, form: RegExp, meaning: string): void {
    if (!form.test(value)) this.refuse(field, `${field} must be ${meaning}`)
  }

  /** At most `max` entries. */
  list(field: string, value: readonly unknown[], max: number): void {
    if (value.length > max)
      this.refuse(field, `${field} may have at most ${max} entries, has ${value.length}`)
  }
}
