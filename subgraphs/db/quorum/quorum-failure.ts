import { EnneadError } from '../../../kernel/errors.ts'
import type { Answered } from './answers.ts'
import { type SeatSight, judge, wayOut } from './verdict.ts'

/** Another proposer has bid higher; to be tried again with a higher bid. */
class OutbidError extends EnneadError {
  constructor() {
    super('UNAVAILABLE', 'other processes write at the same time, retry')
  }
}

export function outbid(): EnneadError {
  return new OutbidError()
}

export function wasOutbid(failure: unknown): boolean {
  return failure instanceof OutbidError
}

/** Why these answers are no majority: names what each store said, and the way out. */
export function noQuorum(answers: readonly Answered[]): EnneadError {
  if (answers.some(({ answer }) => answer?.is === 'refused' && answer.why === 'outbid')) return outbid()
  const verdict = judge(answers.map(sightOf))
  const [lost, missing] = verdict.is === 'undecided' ? [verdict.lost, verdict.missing] : [[], []]
  const silent = missing.filter(name => !answers.some(answered => answered.name === name))
  const told = [
    ...answers.map(({ name, answer }) => `${name} ${lost.includes(name) ? 'lost its data' : toldOf(answer)}`),
    ...silent.map(name => `${name} is a member and takes no part by the settings`),
  ]
  const way = verdict.is === 'undecided' ? wayOut(verdict) : 'retry'
  const message = `writes need a majority of the stores, and there is none: ${told.join(', ')}; ${way}`
  return new EnneadError('UNAVAILABLE', message, {
    cause: new AggregateError(answers.flatMap(({ failure }) => (failure === undefined ? [] : [failure]))),
  })
}

/** Stores that must be there for a deployment to begin, and are not. */
export function notFounded(missing: readonly string[], cause: EnneadError): EnneadError {
  const told = missing.join(' and ')
  const message = `these stores begin a new deployment once all of them are there, since one that is away may hold data, and ${told} cannot be reached: start ${told}, or leave ${missing.length > 1 ? 'them' : 'it'} out of the settings`
  return new EnneadError('UNAVAILABLE', message, { cause: cause.cause })
}

function sightOf({ name, answer }: Answered): SeatSight {
  if (answer === undefined) return { name, is: 'away' }
  return { name, is: 'seen', state: answer.is === 'granted' ? answer.voice.state : answer.state }
}

function toldOf(answer: Answered['answer']): string {
  if (answer === undefined) return 'does not answer'
  if (answer.is === 'granted') return 'is there'
  return answer.why === 'behind' ? 'is still catching up' : 'has no vote yet'
}

/** What may have happened, with what is known of it. */
export function unknownOutcome(cause?: unknown): EnneadError {
  const message = 'the write may or may not have happened; repeat it with its idempotency key'
  return new EnneadError('UNKNOWN_COMMIT_OUTCOME', message, { cause })
}
