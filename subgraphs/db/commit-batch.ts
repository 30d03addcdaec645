import type { Random } from '../../kernel/clock.ts'
import type { Commit, CommitOutcome, LogEntry, Position, RecordKey } from './task-store.ts'

/** What a store knows that decides about a batch of commits. */
export interface BatchFacts {
  readonly head: Position
  /** Where this commit already is in the log, if it is. */
  positionOf(commitId: string): Position | undefined
  /** The stored version of a record; 0 when there is none. */
  versionOf(key: RecordKey): number
  readonly random: Random
}

/** One outcome a commit, and the entries to append to the log, in order. */
export interface BatchDecision {
  readonly outcomes: readonly CommitOutcome[]
  readonly entries: readonly LogEntry[]
}

/**
 * Decides a batch of commits one after the other, each seeing what the ones before it changed: committed already, in
 * conflict, or next in the log. The first entry ever begins an epoch.
 */
export function decideBatch(commits: readonly Commit[], facts: BatchFacts): BatchDecision {
  const versions = new Map<string, number>()
  const positions = new Map<string, Position>()
  const entries: LogEntry[] = []
  const epoch = facts.head.epoch === '' ? newEpoch(facts.random) : facts.head.epoch
  let seq = facts.head.seq
  const outcomes = commits.map((commit): CommitOutcome => {
    const known = positions.get(commit.id) ?? facts.positionOf(commit.id)
    if (known !== undefined) return { is: 'committed', position: known }
    const keys = commit.expects
      .filter(key => (versions.get(addressOf(key)) ?? facts.versionOf(key)) !== key.version)
      .map(({ kind, id }) => ({ kind, id }))
    if (keys.length > 0) return { is: 'conflict', keys }
    const position = { epoch, seq: ++seq }
    positions.set(commit.id, position)
    for (const record of commit.puts) versions.set(addressOf(record), record.version)
    entries.push({ position, commit: withoutExpects(commit) })
    return { is: 'committed', position }
  })
  return { outcomes, entries }
}

/** A record's key as one text, unique over all kinds. */
export function addressOf(key: RecordKey): string {
  return `${key.kind}/${key.id}`
}

function withoutExpects(commit: Commit): LogEntry['commit'] {
  const { id, workspaceId, actorId, at, puts, event } = commit
  return { id, workspaceId, actorId, at, puts, event }
}

const epochAlphabet = '0123456789abcdefghjkmnpqrstvwxyz'

function newEpoch(random: Random): string {
  let epoch = ''
  for (let index = 0; index < 16; index++) epoch += epochAlphabet.charAt(Math.floor(random() * 32))
  return epoch
}
