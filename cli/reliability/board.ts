import { EnneadError } from '../../kernel/errors.ts'
import type { Question } from './client.ts'
import type { OperationName, RunningSystem } from './running-system.ts'

/**
 * The operations a board request needs, one call of each domain, each served by three agents: the gateway asks auth who
 * the token is, api whether the node exists, db for its fields. (`viewerCan` is computed from what identify answered.)
 */
export const boardOperations = [
  { domain: 'auth', operation: 'identify' },
  { domain: 'api', operation: 'existing' },
  { domain: 'db', operation: 'read' },
] as const satisfies readonly OperationName[]

export const agentsOfOperation = 3

const boardQuery =
  'query Board($id: ID!) { node(id: $id) { id ... on Task { number title status viewerCan { update delete } } } }'
const taskQuery = 'query Task($id: ID!) { task(id: $id) { id title viewerCan { update } } }'
const plainQuery = 'query Plain($id: ID!) { node(id: $id) { id ... on Task { number title } } }'
const makeTaskMutation = 'mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id } } }'
const viewerQuery = 'query Viewer { viewer { role workspace { slug } } }'

interface Task {
  readonly id: string
  readonly title: string
}

/** Questions about real tasks, and what their answers must be. */
export interface Questions {
  /** Through all three domains. */
  board(n: number): Question
  /** db and auth, not api. */
  withoutApi(n: number): Question
  /** api and db; auth only for who the token is, which the gateway remembers. */
  withoutAuth(n: number): Question
  /** auth only. */
  withoutDb(n: number): Question
  /** Makes one more task, in the same project. */
  makeTask(title: string): Promise<void>
}

const tasksMade = 50

/** Makes tasks and the questions about them. */
export async function prepareQuestions(system: RunningSystem): Promise<Questions> {
  const token = await system.token()
  const run = async (query: string, variables: unknown): Promise<unknown> => {
    const response = await fetch(system.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query, variables }),
    })
    return response.json()
  }
  const found = JSON.stringify(await run('{ projects(first: 1) { nodes { id } } }', {}))
  const projectId = /project_[0-9a-z]+/.exec(found)?.[0]
  const make = async (title: string): Promise<Task> => {
    const made = JSON.stringify(await run(makeTaskMutation, { input: { projectId, title } }))
    const id = /task_[0-9a-z]+/.exec(made)?.[0]
    if (id !== undefined) return { id, title }
    throw new EnneadError('INTERNAL', `the experiment could not make its tasks: ${made}`)
  }
  const tasks: Task[] = []
  for (let number = 0; number < tasksMade; number++) tasks.push(await make(`Board task ${number}`))
  return questionsOf(tasks, async title => {
    await make(title)
  })
}

function questionsOf(tasks: readonly Task[], makeTask: Questions['makeTask']): Questions {
  const about =
    (query: string, root: string) =>
    (n: number): Question => {
      const task = tasks[n % tasks.length]
      return {
        query,
        variables: { id: task?.id },
        right: data => {
          // Fields of the queries above; a wrong shape is a wrong answer.
          const node = data[root] as { id?: string; title?: string; viewerCan?: { update?: boolean } } | null
          const may = !query.includes('viewerCan') || node?.viewerCan?.update === true
          return node?.id === task?.id && node?.title === task?.title && may
        },
      }
    }
  return {
    board: about(boardQuery, 'node'),
    withoutApi: about(taskQuery, 'task'),
    withoutAuth: about(plainQuery, 'node'),
    makeTask,
    withoutDb: () => ({
      query: viewerQuery,
      variables: {},
      right: data => (data['viewer'] as { role?: string } | null)?.role === 'OWNER', // A field of the query.
    }),
  }
}
