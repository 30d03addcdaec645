import { BaseSequencer } from 'vitest/node'
import type { TestSpecification } from 'vitest/node'

/**
 * Files that take longest, in that order. Where nothing was measured before, as in CI, vitest goes by their size: a short text that
 * runs for a minute would begin last, and one worker would have nothing to do meanwhile.
 */
const longest = [
  /\/e2e\/all-in-one\./,
  /\/e2e\/processes\./,
  /\/reliability\/short\./,
  /\/e2e\/(transfer|certificates|bad-input|crash|backup)\./,
  /\/(attacks|torture|doctor|nosql|checks)\//,
  /\/(e2e|federation|contract)\//,
  /\/(db|admission|planning|realtime)\//,
]

function rank({ moduleId }: TestSpecification): number {
  const index = longest.findIndex(pattern => pattern.test(moduleId))
  return index === -1 ? longest.length : index
}

/** Begins with the files that take longest. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((left, right) => rank(left) - rank(right))
  }
}
