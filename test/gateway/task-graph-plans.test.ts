import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ApolloPlanner } from '../../gateway/planning/apollo-planner.ts'
import type { PlanNode } from '../../gateway/planning/plan.ts'
import { unreachable } from '../../kernel/errors.ts'
import { loadSupergraph } from '../../gateway/supergraph/supergraph.ts'

const planner = new ApolloPlanner(loadSupergraph(readFileSync('schema/supergraph.graphql', 'utf8')))

/** The plan's shape: `db > [api | auth]`. */
function sketch(node: PlanNode | undefined): string {
  if (node === undefined) return ''
  switch (node.kind) {
    case 'Fetch':
      return node.serviceName
    case 'Flatten':
      return sketch(node.node)
    case 'Condition':
      return `${sketch(node.ifClause)}?${sketch(node.elseClause)}`
    case 'Sequence':
      return node.nodes.map(sketch).join(' > ')
    case 'Parallel':
      return `[${node.nodes.map(sketch).sort().join(' | ')}]`
    default:
      return unreachable(node)
  }
}

async function planOf(query: string): Promise<{ source: string | undefined; root: string; fetches: number }> {
  const plan = await planner.plan({ text: query, operationName: undefined })
  return { source: plan.source?.serviceName, root: sketch(plan.root), fetches: plan.fetches }
}

const board = `project(key: "ENN") { name tasks(first: 50) { totalCount nodes { id number title status priority dueAt labels { name colour } } } }`

test('a plain board is one fetch', async () => {
  expect(await planOf(`{ ${board} }`)).toEqual({ source: undefined, root: 'db', fetches: 1 })
})

test('a board with permissions and urls is db, then api and auth together', async () => {
  const query = `{ project(key: "ENN") { tasks(first: 50) { nodes { title viewerCan { update delete } url } } } }`
  expect(await planOf(query)).toEqual({ source: undefined, root: 'db > [api | auth]', fetches: 3 })
})

test('names of creators and assignees come from auth in one wave', async () => {
  const query = `{ project(key: "ENN") { tasks { nodes { title creator { displayName } assignees { displayName avatarUrl } } } } }`
  expect(await planOf(query)).toEqual({ source: undefined, root: 'db > [auth | auth]', fetches: 3 })
})

test('an event of a subscription is completed from db and auth', async () => {
  const query = `subscription { taskEvents { cursor kind actor { displayName } task { title assignees { displayName } } } }`
  expect(await planOf(query)).toEqual({ source: 'api', root: '[auth | db > auth]', fetches: 4 })
})

test('node(id) leads on to the fields of any type', async () => {
  const { fetches } = await planOf(
    '{ node(id: "x") { id ... on Task { title } ... on User { displayName } ... on Project { name } } }',
  )
  expect(fetches).toBeLessThanOrEqual(4)
})

test('a mutation and what it answers are planned in order', async () => {
  const query = `mutation { createTask(input: { projectId: "p", title: "t" }) { task { id url creator { displayName } } errors { code } } }`
  expect(await planOf(query)).toEqual({ source: undefined, root: 'db > [api | auth]', fetches: 3 })
})
