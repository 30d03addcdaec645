import { EnneadError } from '../../kernel/errors.ts'
import type { SupergraphFeed } from '../../gateway/supergraph/supergraph-feed.ts'

/** A feed that offers what the test says, when it says so. */
export interface MemoryFeed extends SupergraphFeed {
  /** Offers another text, or a failure. */
  offer(offered: string | EnneadError): void
  /** How often it was read. */
  readonly reads: number
}

export function memoryFeed(first: string | EnneadError): MemoryFeed {
  let offered = first
  let reads = 0
  let changed: () => void = () => undefined
  return {
    name: 'a test',
    async read() {
      reads++
      if (offered instanceof EnneadError) throw offered
      return offered
    },
    watch: told => void (changed = told),
    close: () => undefined,
    offer(next) {
      offered = next
      changed()
    },
    get reads() {
      return reads
    },
  }
}
