import { createHash } from 'node:crypto'
import type { PlanRequest } from './planner.ts'

/** Operations remembered of one supergraph; beyond that the one remembered longest is forgotten. */
const operationsMax = 1_000

/** Times that the process ended while it planned an operation among others, after which the operation is taken for the cause. */
const suspicionsMax = 2

/** Operations of one supergraph at which a planner has ended its process, so that it is not asked again. By digest, not by text. */
export class FatalOperations {
  /** How often each is suspected. */
  readonly #suspicions = new Map<string, number>()

  get count(): number {
    return this.#suspicions.size
  }

  has(request: PlanRequest): boolean {
    return (this.#suspicions.get(digestOf(request)) ?? 0) >= suspicionsMax
  }

  /** @param certain Nothing else can have been the cause. */
  suspect(request: PlanRequest, certain: boolean): void {
    const digest = digestOf(request)
    const before = this.#suspicions.get(digest) ?? 0
    this.#suspicions.delete(digest)
    this.#suspicions.set(digest, certain ? suspicionsMax : before + 1)
    for (const oldest of this.#suspicions.keys()) {
      if (this.#suspicions.size <= operationsMax) break
      this.#suspicions.delete(oldest)
    }
  }
}

/** Labels are left out: of an operation that is fatal with some nobody knows which others are better. */
function digestOf({ text, operationName }: PlanRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([text, operationName]))
    .digest('base64')
}
