import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { EnneadError } from '../kernel/errors.ts'
import type { Hop } from '../kernel/hop.ts'
import type { AuthDomain } from '../subgraphs/auth/domain.ts'
import type { SubgraphService } from '../subgraphs/service/subgraph-service.ts'

export const demoEmail = 'ada@ennead.example'
const budgetMs = 10_000

const titles = [
  'Look around: open GraphiQL and run a query',
  'Follow the events of this project with a subscription',
  'Complete this task and watch the event arrive',
]

/**
 * Makes the demo workspace: a user, a project and a few tasks, through the same mutations everybody uses. The user's
 * password is written to `passwordFile`, readable by the owner only.
 */
export async function createDemo(auth: AuthDomain, db: SubgraphService, passwordFile: string): Promise<void> {
  const { administration } = auth
  const workspace = await administration.createWorkspace({ slug: 'demo', name: 'Demo' })
  const { user, password } = await administration.createUser({ email: demoEmail, displayName: 'Ada' })
  await administration.addMember(workspace.id, user.id, 'OWNER')
  await writeFile(passwordFile, `${password ?? ''}\n`, { mode: 0o600 })

  const { accessToken } = await auth.issueAccessToken(demoEmail)
  const hop: Hop = {
    requestId: randomUUID(),
    principal: await auth.identify({ kind: 'bearer', token: accessToken }),
    remainingMs: budgetMs,
    signal: AbortSignal.timeout(budgetMs),
  }
  const run = async (query: string, variables: Readonly<Record<string, unknown>>): Promise<string> => {
    const answer = await db.execute({ query, variables }, hop)
    const found = /"id":"([^"]+)"/.exec(JSON.stringify(answer.data ?? {}))?.[1]
    if (found !== undefined) return found
    throw new EnneadError('INTERNAL', 'the demo workspace could not be filled', {
      cause: new Error(JSON.stringify(answer)),
    })
  }
  const projectId = await run(
    `mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id } errors { message } } }`,
    { input: { key: 'ENN', name: 'Ennead' } },
  )
  for (const title of titles) {
    await run(
      `mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id } errors { message } } }`,
      { input: { projectId, title, assigneeIds: [user.id] } },
    )
  }
}
