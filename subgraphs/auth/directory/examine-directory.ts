import { type Clock, sleep } from '../../../kernel/clock.ts'
import type { DirectoryRecord } from '../authority.ts'
import { type Difference, differenceOf, differencesOf, isSame } from './differences.ts'
import type { DirectoryStore } from './directory-store.ts'

/** One copy of the directory of users, or why it cannot be looked at. */
export type ExaminedCopy =
  { readonly name: string; readonly store: DirectoryStore } | { readonly name: string; readonly why: string }

/** Something about a copy that is not as it should be, told in one line. */
export interface DirectoryFinding {
  readonly copy: string
  /** The copy could not be opened, or holds another record than the other. */
  readonly what: 'closed' | 'record'
  /** `kind/id` of the record it is about. */
  readonly key?: string
  readonly says: string
  /** Can be put right by `--repair`. */
  readonly repairable: boolean
}

export interface DirectoryExamination {
  /** Those that were compared. */
  readonly copies: readonly string[]
  readonly findings: readonly DirectoryFinding[]
  /** More were found than are told. */
  readonly cut: boolean
}

export interface ExamineDirectoryParts {
  readonly copies: readonly ExaminedCopy[]
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Give each copy what it should hold. */
  readonly repair: boolean
}

const findingsMax = 500
/** A record that is just being written is not the same in both for a moment: a page of differences is looked at again. */
const looksMax = 5
const pauseMs = 100

/**
 * Compares the copies of the directory of users with the first of them, record by record. What both should hold is what merging
 * them makes (record-merge.ts), which loses nothing: so any difference can be put right. Works while others write.
 */
export async function examineDirectory(parts: ExamineDirectoryParts): Promise<DirectoryExamination> {
  const findings = parts.copies.flatMap((copy): DirectoryFinding[] =>
    'why' in copy
      ? [{ copy: copy.name, what: 'closed', says: `it takes no part: ${copy.why}`, repairable: false }]
      : [],
  )
  const open = parts.copies.flatMap(copy => ('store' in copy ? [copy] : []))
  const [first, ...others] = open
  for (const other of others) {
    if (first === undefined) break
    for await (const page of differencesOf(first.store, other.store, parts.signal)) {
      const stays = await settled(first.store, other.store, page, parts)
      for (const [{ name, store }, side] of [[first, 'left'] as const, [other, 'right'] as const]) {
        const wrong = stays.filter(one => !isSame(one[side], one.merged))
        if (parts.repair && wrong.length > 0) await store.merge(wrong.map(({ merged }) => merged))
        const told = wrong.slice(0, findingsMax + 1 - findings.length)
        findings.push(...told.map(one => findingOf(name, one[side], one.merged)))
      }
    }
  }
  return {
    copies: open.map(({ name }) => name),
    findings: findings.slice(0, findingsMax),
    cut: findings.length > findingsMax,
  }
}

/** Those that stay: others were writes under way. */
async function settled(
  left: DirectoryStore,
  right: DirectoryStore,
  page: readonly Difference[],
  { clock, signal }: ExamineDirectoryParts,
): Promise<readonly Difference[]> {
  let found = page
  for (let look = 1; found.length > 0; look++) {
    found = found.flatMap(
      ({ merged: { kind, id } }) => differenceOf(left.get(kind, id), right.get(kind, id)) ?? [],
    )
    if (look === looksMax) break
    if (found.length > 0) await sleep(clock, pauseMs, signal)
  }
  return found
}

function findingOf(
  copy: string,
  held: DirectoryRecord | undefined,
  merged: DirectoryRecord,
): DirectoryFinding {
  const { kind, id } = merged
  const says =
    held === undefined
      ? `it lacks the ${kind}, which another copy has`
      : `its ${kind} is another than in another copy, which is newer or says more`
  return { copy, what: 'record', key: `${kind}/${id}`, says, repairable: true }
}
