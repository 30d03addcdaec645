import { LineCounter, parseDocument } from 'yaml'
import type { Diagnostic } from '../../composition/diagnostic.ts'
import { EnneadError } from '../../kernel/errors.ts'

/** A decision to let changes pass until a day. */
export interface Acceptance {
  /** A kind of change, e.g. `FIELD_REMOVED`; `*` for any. */
  readonly change: string
  /** A coordinate; `*` stands for any text, e.g. `Internal*`. */
  readonly at: string
  readonly reason: string
  /** The last day on which it counts, `2026-12-31`. */
  readonly until: string
  /** Where it stands in its file. */
  readonly line: number
}

const members = ['change', 'at', 'reason', 'until'] as const

/** No real file comes near; a longer one is a mistake. */
const entriesMax = 10_000

/**
 * Reads a file of accepted changes:
 *
 *     accepted:
 *       - { change: FIELD_REMOVED, at: Product.name, reason: nobody used it, until: 2026-12-31 }
 *
 * Throws ACCEPTED_UNREADABLE with file, line and what is wrong.
 */
export function readAcceptedChanges(text: string, file: string): readonly Acceptance[] {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, schema: 'failsafe' })
  const refuse = (line: number, reason: string): EnneadError =>
    new EnneadError('ACCEPTED_UNREADABLE', `${file}:${line}: ${reason}`)
  const fault = document.errors[0]
  if (fault !== undefined)
    throw refuse(lines.linePos(fault.pos[0]).line, fault.message.split('\n')[0] ?? 'not YAML')
  const content: unknown = document.toJS({ maxAliasCount: 100 })
  const list = isRecord(content) ? content['accepted'] : undefined
  if (list === '' || list === undefined) {
    if (content === null || (isRecord(content) && list === '')) return []
    throw refuse(1, 'it must have a list "accepted" of { change, at, reason, until }')
  }
  if (!Array.isArray(list) || list.length > entriesMax)
    throw refuse(1, `"accepted" must be a list of at most ${entriesMax} entries`)
  return list.map((entry: unknown, index) => {
    const range: unknown = document.getIn(['accepted', index], true)
    const line = lines.linePos(startOf(range)).line
    return acceptanceOf(entry, line, reason => refuse(line, reason))
  })
}

function acceptanceOf(entry: unknown, line: number, refuse: (reason: string) => EnneadError): Acceptance {
  if (!isRecord(entry)) throw refuse('an entry must be { change, at, reason, until }')
  const unknown = Object.keys(entry).find(name => !members.some(member => member === name))
  if (unknown !== undefined)
    throw refuse(`unknown member "${unknown}"; the members are ${members.join(', ')}`)
  const [change, at, reason, until] = members.map(member => {
    const value = entry[member]
    if (typeof value === 'string' && value.trim() !== '') return value.trim()
    throw refuse(`"${member}" is missing`)
  })
  if (!/^\d{4}-\d{2}-\d{2}$/.test(until ?? '') || Number.isNaN(Date.parse(until ?? '')))
    throw refuse(`"until" must be a day such as 2026-12-31, got ${JSON.stringify(until)}`)
  return { change: change ?? '', at: at ?? '', reason: reason ?? '', until: until ?? '', line }
}

/** Does this entry speak of the change, whatever day it is? */
export function covers(acceptance: Acceptance, kind: string, coordinate: string): boolean {
  return (acceptance.change === '*' || acceptance.change === kind) && matches(acceptance.at, coordinate)
}

export function expired({ until }: Acceptance, nowMs: number): boolean {
  return new Date(nowMs).toISOString().slice(0, 10) > until
}

function matches(pattern: string, text: string): boolean {
  const parts = pattern.split('*').map(part => part.replaceAll(/[\\^$.+?()[\]{}|]/g, String.raw`\$&`))
  return new RegExp(`^${parts.join('.*')}$`).test(text)
}

/** What is to say of entries themselves: they have run out, or have done their work. */
export function acceptanceNotices(
  acceptances: readonly Acceptance[],
  used: ReadonlySet<Acceptance>,
  file: string,
  nowMs: number,
): readonly Diagnostic[] {
  return acceptances.flatMap((acceptance): readonly Diagnostic[] => {
    const { change, at, line, until } = acceptance
    const locations = [{ subgraph: undefined, file, line, column: 1, text: undefined }]
    const what = `${change} at ${at}`
    if (expired(acceptance, nowMs)) {
      const message = `the acceptance of ${what} ended on ${until} and no longer counts`
      const advice = 'remove the entry, or decide anew and give it a later day'
      return [{ severity: 'warning', code: 'ACCEPTANCE_EXPIRED', message, locations, advice }]
    }
    if (used.has(acceptance)) return []
    const message = `nothing needs the acceptance of ${what}`
    return [{ severity: 'notice', code: 'ACCEPTANCE_UNUSED', message, locations, advice: 'remove the entry' }]
  })
}

function startOf(node: unknown): number {
  if (typeof node !== 'object' || node === null || !('range' in node)) return 0
  const { range } = node
  return Array.isArray(range) && typeof range[0] === 'number' ? range[0] : 0
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
