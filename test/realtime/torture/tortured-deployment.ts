import { GraphQLClient } from '../../../examples/thousand-tasks/graphql-client.ts'
import { signIn } from '../../../examples/thousand-tasks/story.ts'
import { startDeployment } from '../../e2e/deployment.ts'
import { temporaryFolder } from '../../e2e/running-ennead.ts'
import { torture } from './torture.ts'
import type { TortureOptions, TortureReport } from './torture.ts'

/** Tortures a deployment of four processes that is made for it. */
export async function torturedDeployment(options: TortureOptions): Promise<TortureReport> {
  await using folder = await temporaryFolder()
  await using deployment = await startDeployment(folder.path, [])
  const { email, password, url } = deployment
  const client = new GraphQLClient(url)
  await signIn(client, { email, password })
  const { createProject } = await client.run<{ createProject: { project: { id: string } | null } }>(
    `mutation { createProject(input: { name: "Torture", key: "TOR" }, idempotencyKey: "torture") { project { id } } }`,
  )
  if (createProject.project === null) throw new Error('the project could not be made')
  return await torture(deployment, client, createProject.project.id, options)
}
