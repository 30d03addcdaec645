import type { Fence } from '../leadership/lease.ts'
import type { Diagnosis } from './diagnose.ts'

/** Records put right at once. */
const curesMax = 100

/** Puts right what was diagnosed, store by store, where a store can; under a lease, rejects with LEASE_LOST when it is over. */
export async function mend(diagnoses: readonly Diagnosis[], fence?: Fence): Promise<void> {
  for (const [store, some] of Map.groupBy(diagnoses, diagnosis => diagnosis.store)) {
    const { inspection } = store
    if (inspection === undefined) continue
    for (let from = 0; from < some.length; from += curesMax) {
      const cures = some.slice(from, from + curesMax).map(({ cure }) => cure)
      await store.within(signal => inspection.mend(cures, signal, fence))
    }
  }
}
