import type { Answer, Member } from './member.ts'
import { type Voice, quorumOf } from './roster.ts'

/** What became of asking a member. */
export interface Answered {
  readonly name: string
  /** Undefined: it failed, and may do yet what it was asked for. */
  readonly answer: Answer | undefined
  readonly failure: unknown
}

/**
 * Asks all members at once; ends as soon as a majority has granted it, or no answer is missing. With `everyone` it waits
 * for all. Members that are not waited for go on.
 */
export function gather(
  members: readonly Member[],
  ask: (member: Member) => Promise<Answer>,
  everyone = false,
): Promise<readonly Answered[]> {
  const answers: Answered[] = []
  return new Promise(resolve => {
    if (members.length === 0) resolve([])
    const note = (answered: Answered): void => {
      answers.push(answered)
      const enough = !everyone && quorumOf(voicesOf(answers)) !== undefined
      if (enough || answers.length === members.length) resolve([...answers])
    }
    for (const member of members) {
      const { name } = member
      ask(member).then(
        answer => note({ name, answer, failure: undefined }),
        (failure: unknown) => note({ name, answer: undefined, failure }),
      )
    }
  })
}

/** Those that granted it. */
export function voicesOf(answers: readonly Answered[]): readonly Voice[] {
  return answers.flatMap(({ answer }) => (answer?.is === 'granted' ? [answer.voice] : []))
}
