import { expect, test } from 'vitest'
import { answerTypes, preferredType } from '../../gateway/http/media-types.ts'

test.each([
  [undefined, 'application/json'],
  ['*/*', 'application/json'],
  ['application/*', 'application/json'],
  ['application/json', 'application/json'],
  ['application/graphql-response+json', 'application/graphql-response+json'],
  ['application/graphql-response+json, application/json;q=0.9', 'application/graphql-response+json'],
  ['application/json;q=0.5, application/graphql-response+json;q=0.4', 'application/json'],
  [
    'application/graphql-response+json;charset=utf-8, application/json;q=0.9',
    'application/graphql-response+json',
  ],
  ['text/html, */*;q=0.1', 'application/json'],
  ['application/json;q=0, */*', 'application/graphql-response+json'],
  ['text/csv', undefined],
  ['', undefined],
])('Accept %s is answered with %s', (accept, type) => {
  expect(preferredType(accept, answerTypes)).toBe(type)
})
