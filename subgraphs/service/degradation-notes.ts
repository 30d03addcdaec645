import type { ApolloServerPlugin } from '@apollo/server'
import { type GraphQLResolveInfo, responsePathAsArray } from 'graphql'
import { withSession } from '../../kernel/consistency.ts'
import {
  type AnswerPath,
  type Degradation,
  type DegradedPath,
  boundedMarks,
  withMarks,
} from '../../kernel/degradation.ts'

/** Where in an answer a resolver works. */
export type ResolverPlace = Pick<GraphQLResolveInfo, 'path' | 'variableValues'>

/** Marks in one answer. More become one for each agent, at the path that all of its marks share. */
const marksMax = 100

/**
 * What the resolvers of one request were answered from the past. Whoever waits for something degraded notes it for its own
 * place, so that a result that several places share is marked at each of them.
 */
export class DegradationNotes {
  #marks: readonly DegradedPath[] = []
  #session: () => Promise<string | undefined> = async () => undefined

  /**
   * What the resolver at `place` answers, with everything below it, stands on something degraded. `reference`: the place
   * is that of this entity, one of several that `__resolveReference` is called for.
   */
  note(place: ResolverPlace, degradation: Degradation, reference?: object): void {
    const path = reference === undefined ? responsePathAsArray(place.path) : entityPath(place, reference)
    const marks = [...this.#marks, { path, ...degradation }]
    this.#marks = marks.length > marksMax ? boundedMarks(marks, marksMax) : marks
  }

  /** Is asked for the session's token when all has been read and written; it becomes `extensions.ennead.session`. */
  tellSession(session: () => Promise<string | undefined>): void {
    this.#session = session
  }

  session(): Promise<string | undefined> {
    return this.#session()
  }

  /** The marks of the answer, at most 100; the fewest that cover all places. */
  list(): readonly DegradedPath[] {
    return boundedMarks(this.#marks, marksMax)
  }
}

/** Puts the notes of a request into its answer, whichever way it came. */
export function degradationPlugin<
  Context extends { readonly notes: DegradationNotes },
>(): ApolloServerPlugin<Context> {
  const willSendResponse = async ({
    contextValue,
    response: { body },
  }: {
    contextValue: Context
    response: { body: { kind: string; singleResult?: { extensions?: Record<string, unknown> } } }
  }): Promise<void> => {
    const { singleResult } = body
    const { notes } = contextValue
    const marked = withMarks(singleResult?.extensions, notes.list())
    const extensions = withSession(marked, await notes.session())
    if (singleResult !== undefined && extensions !== undefined) singleResult.extensions = { ...extensions }
  }
  return { requestDidStart: async () => ({ willSendResponse }) }
}

/** Entities are resolved for a whole list by one resolver, whose place is the list; they are told apart by identity. */
function entityPath({ path, variableValues }: ResolverPlace, reference: object): AnswerPath {
  const list = responsePathAsArray(path)
  for (const value of Object.values(variableValues)) {
    const index = Array.isArray(value) ? value.indexOf(reference) : -1
    if (index !== -1) return [...list, index]
  }
  return list
}
