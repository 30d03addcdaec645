import type { Worker } from 'node:cluster'
import type { Forgetting } from '../../gateway/execution/entity-cache/forgotten.ts'
import type { Clock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { isForgottenMessage } from './worker-messages.ts'
import type { ForgetMessage } from './worker-messages.ts'

/** Longest time that a worker may take to say that it has forgotten, milliseconds. */
const answerMs = 5_000

let forgettings = 0

/**
 * Tells all of `workers` to forget. Resolves with how many have; one that ends meanwhile has nothing any more. Rejects with
 * BAD_USER_INPUT as a worker says, and with UNAVAILABLE when one does not answer.
 */
export async function forgetByAll(
  workers: readonly Worker[],
  forgetting: Forgetting,
  clock: Clock,
): Promise<number> {
  const message: ForgetMessage = { ennead: 'forget', number: ++forgettings, forgetting }
  const told = await Promise.all(workers.map(worker => forgetBy(worker, message, clock)))
  const late = told.filter(each => each === 'late').length
  if (late > 0) {
    const reason = `${late} of ${workers.length} workers did not say within ${answerMs} ms that they have forgotten it; try again`
    throw new EnneadError('UNAVAILABLE', reason)
  }
  const refusal = told.find(each => each.startsWith('!'))
  if (refusal !== undefined) throw new EnneadError('BAD_USER_INPUT', refusal.slice(1))
  return told.filter(each => each === 'done').length
}

/** `done`, `gone`, `late`, or `!` and why it is refused. */
function forgetBy(worker: Worker, message: ForgetMessage, clock: Clock): Promise<string> {
  return new Promise(resolve => {
    const settle = (outcome: string): void => {
      timer.cancel()
      worker.off('message', listen)
      worker.off('exit', gone)
      resolve(outcome)
    }
    const listen = (answer: unknown): void => {
      if (!isForgottenMessage(answer) || answer.number !== message.number) return
      settle(answer.refused === undefined ? 'done' : `!${answer.refused}`)
    }
    const gone = (): void => settle('gone')
    const timer = clock.after(answerMs, () => settle('late'))
    worker.on('message', listen)
    worker.once('exit', gone)
    // One that is just ending need not know.
    worker.send(message, failure => {
      if (failure !== null) gone()
    })
  })
}
