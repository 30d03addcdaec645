// Run against a started Ennead:
//   node examples/thousand-tasks/main.ts http://localhost:4000/graphql ada@example.com PASSWORD [TASKS]
import { GraphQLClient } from './graphql-client.ts'
import { tellStory } from './story.ts'

const [url = 'http://localhost:4000/graphql', email, password, tasks = '1000'] = process.argv.slice(2)
if (email === undefined || password === undefined) {
  console.error('usage: node examples/thousand-tasks/main.ts URL EMAIL PASSWORD [TASKS]')
  process.exit(2)
}
const result = await tellStory(new GraphQLClient(url), { url, email, password, tasks: Number(tasks) })
console.log(
  `created ${result.taskIds.size} tasks, received ${result.events} events, repeated ${result.retries} requests`,
)
