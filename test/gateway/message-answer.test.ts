import { Kind, parse } from 'graphql'
import { expect, test } from 'vitest'
import { messageAnswer } from '../../gateway/execution/message-answer.ts'

function answerTo(
  query: string,
  message: unknown,
  variables: Readonly<Record<string, unknown>> = {},
): unknown {
  const [operation] = parse(query).definitions
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('not an operation')
  return messageAnswer(message, operation.selectionSet.selections, variables)
}

test('one key for two fields of two types is the field of the type that the message names', () => {
  const query = '{ __typename ... on Tree { size: height } ... on Pond { size: depth } }'
  expect(answerTo(query, { __typename: 'Pond', height: 1, depth: 2 })).toEqual({
    __typename: 'Pond',
    size: 2,
  })
  expect(answerTo(query, { __typename: 'Tree', height: 1, depth: 2 })).toEqual({
    __typename: 'Tree',
    size: 1,
  })
})

test('nor is it mixed further down', () => {
  const query =
    '{ ... on Tree { at { n: east } } ... on Pond { at { n: north } } ... on Place { at { is } } }'
  const at = { east: 1, north: 2, is: 'far' }
  expect(answerTo(query, { __typename: 'Pond', at })).toEqual({ at: { n: 2, is: 'far' } })
})

test('fields that are asked for twice are merged, in lists too', () => {
  const query = '{ items { id } ... on Box { items { name } } ... on Node { id items { id } } }'
  const message = {
    __typename: 'Box',
    id: 7,
    items: [
      { id: 1, name: 'a' },
      { id: 2, name: 'b' },
    ],
  }
  expect(answerTo(query, message)).toEqual({ id: 7, items: message.items })
})

test('what is skipped, absent or null', () => {
  const query = '{ a @skip(if: $no) b @include(if: $no) c d { e } constructor __proto__ }'
  expect(answerTo(query, { a: 1, b: 2, d: null }, { no: false })).toEqual({ a: 1, d: null })
})
