import { EnneadError } from '../../../../kernel/errors.ts'

/** A provider that was not asked because it is down is not overload of ours. */
export function providerAway(failure: unknown): unknown {
  if (!(failure instanceof EnneadError) || failure.code !== 'OVERLOADED') return failure
  return new EnneadError('UNAVAILABLE', 'the identity provider cannot be asked; try again', {
    cause: failure,
  })
}
