import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GraphQLClient } from '../../examples/thousand-tasks/graphql-client.ts'
import {
  listAll,
  signIn,
  tellStory,
  type StoryOptions,
  type StoryResult,
} from '../../examples/thousand-tasks/story.ts'

export const demoEmail = 'ada@ennead.example'

/** The password that the first start wrote for its demo user. */
export async function demoPassword(data: string): Promise<string> {
  return (await readFile(join(data, 'keys', 'demo-password'), 'utf8')).trim()
}

/** Tells the story of `tasks` tasks to a running gateway as its demo user. */
export async function tellDemoStory(
  url: string,
  data: string,
  tasks: number,
  interrupt?: StoryOptions['interrupt'],
): Promise<StoryResult> {
  const password = await demoPassword(data)
  const options = { url, email: demoEmail, password, tasks }
  return tellStory(new GraphQLClient(url), interrupt === undefined ? options : { ...options, interrupt })
}

/** The ids of the story's project as the demo user sees them now. */
export async function findStory(url: string, data: string, projectId: string): Promise<ReadonlySet<string>> {
  const client = new GraphQLClient(url)
  await signIn(client, { email: demoEmail, password: await demoPassword(data) })
  return new Set(await listAll(client, projectId))
}
