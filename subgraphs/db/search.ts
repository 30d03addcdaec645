import { EnneadError } from '../../kernel/errors.ts'
import { pageSize } from '../service/page.ts'
import type { Condition } from './condition.ts'
import { readCursor, writeCursor } from './cursor.ts'
import { compareText } from './evaluate.ts'
import type { RecordOf, RecordReader } from './record-reader.ts'
import { type TaskFilter, filterCondition } from './task-filter.ts'

/** Matches that are looked at, those changed last. */
export const candidatesMax = 1_000
const limits = { query: 200, words: 10, excerpt: 80 } as const

export interface SearchEdge {
  readonly node: RecordOf<'task'>
  readonly cursor: string
  /** Above 0, at most 1. */
  readonly score: number
  readonly highlights: readonly string[]
}

export interface SearchConnection {
  readonly edges: readonly SearchEdge[]
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string | null
    readonly endCursor: string | null
  }
}

export interface SearchArguments {
  readonly query: string
  readonly first: number
  readonly after?: string | null | undefined
  readonly filter?: TaskFilter | null | undefined
}

/**
 * Tasks in whose title or description every word of the query occurs, in any case; best match first, then by id.
 * Throws BAD_USER_INPUT for a query without words or with too many, CURSOR_INVALID.
 */
export async function searchTasks(reader: RecordReader, given: SearchArguments): Promise<SearchConnection> {
  const words = wordsOf(given.query)
  const size = pageSize('first', given.first)
  const after =
    given.after === undefined || given.after === null ? undefined : readCursor('search', given.after)
  const contained = words.map((text): Condition => ({ is: 'contains', field: 'searchText', text }))
  const candidates = await reader.query({
    kind: 'task',
    where: { is: 'all', of: [filterCondition(given.filter), ...contained] },
    order: { field: 'updatedAt', direction: 'descending' },
    limit: candidatesMax,
  })
  const scored = candidates
    .map(task => ({ task, score: scoreOf(task, words) }))
    .sort((a, b) => b.score - a.score || compareText(a.task.id, b.task.id))
  const from =
    after === undefined ? 0 : scored.filter(({ task, score }) => !isBehind(after, score, task.id)).length
  const page = scored.slice(from, from + size)
  const edges = page.map(({ task, score }) => ({
    node: task,
    cursor: writeCursor('search', { value: score, id: task.id }),
    score,
    highlights: highlightsOf(task, words),
  }))
  return {
    edges,
    pageInfo: {
      hasNextPage: from + size < scored.length,
      hasPreviousPage: from > 0,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}

/** The words of a query: lower case, each once, as it separates them by white space. */
export function wordsOf(query: string): readonly string[] {
  if (query.length > limits.query || !query.isWellFormed() || query.includes('\0')) {
    throw new EnneadError('BAD_USER_INPUT', `"query" must be a text of at most ${limits.query} characters`)
  }
  const words = [
    ...new Set(
      query
        .toLowerCase()
        .split(/\s+/u)
        .filter(word => word !== ''),
    ),
  ]
  if (words.length === 0 || words.length > limits.words) {
    throw new EnneadError('BAD_USER_INPUT', `"query" must have 1 to ${limits.words} words`)
  }
  return words
}

/**
 * The mean over all words: 1 for a whole word of the title, 0.75 for a part of one, 0.5 and 0.25 in the description. Some
 * letters are lower-cased by what stands beside them; a word that is lost that way counts 0.1, so no score is 0.
 */
export function scoreOf(
  task: Pick<RecordOf<'task'>, 'title' | 'description'>,
  words: readonly string[],
): number {
  const title = task.title.toLowerCase()
  const description = (task.description ?? '').toLowerCase()
  let sum = 0
  for (const word of words) {
    if (hasWord(title, word)) sum += 1
    else if (title.includes(word)) sum += 0.75
    else if (hasWord(description, word)) sum += 0.5
    else if (description.includes(word)) sum += 0.25
    else sum += 0.1
  }
  return sum / words.length
}

function hasWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
    // Two units hold every character beside it.
    const before = text.slice(Math.max(0, at - 2), at)
    const behind = text.slice(at + word.length, at + word.length + 2)
    if (!/[\p{L}\p{N}]$/u.test(before) && !/^[\p{L}\p{N}]/u.test(behind)) return true
  }
  return false
}

/** The title when it holds a word, and the surroundings of the first word found in the description. */
function highlightsOf(task: RecordOf<'task'>, words: readonly string[]): readonly string[] {
  const title = task.title.toLowerCase()
  const found = words.some(word => title.includes(word)) ? [task.title] : []
  const { description } = task
  if (description === null) return found
  const lower = description.toLowerCase()
  const places = words.map(word => lower.indexOf(word)).filter(at => at !== -1)
  if (places.length === 0) return found
  return [...found, excerpt(description, Math.min(...places))]
}

/** The place was found in lower case, which is seldom longer than the text: an excerpt may begin a few letters off. */
function excerpt(text: string, at: number): string {
  const from = Math.max(0, Math.min(at, text.length) - limits.excerpt)
  const to = Math.min(text.length, at + limits.excerpt)
  const cut = text.slice(from, to).toWellFormed().replaceAll(/\s+/gu, ' ').trim()
  return `${from > 0 ? '…' : ''}${cut}${to < text.length ? '…' : ''}`
}

/** Higher scores come first, then lower ids. */
function isBehind(
  after: { readonly value: unknown; readonly id: string },
  score: number,
  id: string,
): boolean {
  if (typeof after.value !== 'number')
    throw new EnneadError('CURSOR_INVALID', 'this cursor was not issued here')
  return score < after.value || (score === after.value && compareText(id, after.id) > 0)
}
