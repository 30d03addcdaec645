import { expect, test } from 'vitest'
import { newGlobalId } from '../../kernel/global-id.ts'
import { codeOf, littleApi, otherWorkspaceId, workspaceId } from './little-api.ts'

const nodeQuery = 'query ($id: ID!) { node(id: $id) { __typename id } }'
const nodesQuery = 'query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }'

test('node finds every kind of object of the viewer by its id', async () => {
  await using api = await littleApi()
  for (const kind of ['Task', 'Project', 'Label', 'Comment', 'User'] as const) {
    const id = newGlobalId(kind)
    api.log.objects.set(id, workspaceId)
    expect(await api.ask(nodeQuery, { id })).toEqual({ data: { node: { __typename: kind, id } } })
  }
  expect(await api.ask(nodeQuery, { id: workspaceId })).toEqual({
    data: { node: { __typename: 'Workspace', id: workspaceId } },
  })
})

test("another workspace's object is null, like one that does not exist and an id that is none", async () => {
  await using api = await littleApi()
  const theirs = newGlobalId('Task')
  api.log.objects.set(theirs, otherWorkspaceId)
  for (const id of [
    theirs,
    otherWorkspaceId,
    newGlobalId('Task'),
    newGlobalId('Session'),
    'task_1',
    '',
    "' or 1=1",
  ]) {
    expect(await api.ask(nodeQuery, { id })).toEqual({ data: { node: null } })
  }
})

test('nodes answers in the order of the ids, nulls included', async () => {
  await using api = await littleApi()
  const [first, second] = [newGlobalId('Task'), newGlobalId('Label')]
  api.log.objects.set(first, workspaceId).set(second, workspaceId)
  expect(await api.ask(nodesQuery, { ids: [second, 'nonsense', first, second] })).toEqual({
    data: {
      nodes: [
        { __typename: 'Label', id: second },
        null,
        { __typename: 'Task', id: first },
        { __typename: 'Label', id: second },
      ],
    },
  })
})

test('a hundred ids are one question to db, and one more is refused', async () => {
  const asked: (readonly string[])[] = []
  await using api = await littleApi()
  const call = api.domain.channel.call.bind(api.domain.channel)
  Object.assign(api.domain.channel, {
    call(...args: Parameters<typeof call>) {
      const [operation, input] = args
      if (operation === 'existing' && 'ids' in input) asked.push(input.ids)
      return call(...args)
    },
  })
  const ids = Array.from({ length: 100 }, () => newGlobalId('Task'))
  for (const id of ids) api.log.objects.set(id, workspaceId)
  const { data } = await api.ask(nodesQuery, { ids })
  expect(data).toEqual({ nodes: ids.map(id => ({ __typename: 'Task', id })) })
  expect(asked).toEqual([ids])
  expect(codeOf(await api.ask(nodesQuery, { ids: [...ids, 'one more'] }))).toBe('BAD_USER_INPUT')
})

test("a task's url is made of its project's key and its number", async () => {
  await using api = await littleApi()
  const representations = [
    { __typename: 'Task', id: newGlobalId('Task'), number: 42, project: { key: 'ENN' } },
  ]
  const query =
    'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on Task { url } } }'
  expect(await api.ask(query, { representations })).toEqual({
    data: { _entities: [{ url: 'https://tasks.example.org/t/ENN-42' }] },
  })
})

test('a db that cannot be asked is an error at the field, not an object that is missing', async () => {
  await using api = await littleApi()
  await api.stopDb()
  const answer = await api.ask(nodeQuery, { id: newGlobalId('Task') })
  expect(answer.data).toEqual({ node: null })
  expect(codeOf(answer)).toBe('UNAVAILABLE')
  expect(JSON.stringify(answer)).not.toContain('sock')
})
