import type { Principal } from '../../../kernel/principal.ts'
import type { ConformanceCase, ConformanceSubgraph } from './conformance-case.ts'

function token(scopes: readonly string[], policies: readonly string[] = []): Principal {
  return { kind: 'token', subject: 'ada', scopes, policies, expiresAt: 4_000_000_000 }
}

const a: ConformanceSubgraph = {
  sdl: `type Query { user: User secret: String @authenticated } type User @key(fields: "id") { id: ID! mail: String @requiresScopes(scopes: [["mail"], ["admin"]]) }`,
  data: { Query: { user: { id: '1' }, secret: 's' }, User: [{ id: '1', mail: 'ada@x' }] },
}
const b: ConformanceSubgraph = {
  sdl: `type User @key(fields: "id") { id: ID! salary: Int! @policy(policies: [["payroll"]]) age: Int file: File } type File @authenticated { name: String }`,
  data: { User: [{ id: '1', salary: 10, age: 36, file: { name: 'f' } }] },
}

/** @authenticated, @requiresScopes and @policy. */
export const access: readonly ConformanceCase[] = [
  {
    name: 'without a credential an @authenticated field is null, and its subgraph is not asked',
    subgraphs: { a, b },
    operations: [
      {
        query: '{ secret }',
        data: { secret: null },
        errors: [{ path: ['secret'], code: 'UNAUTHENTICATED' }],
        fetches: [],
      },
      { query: '{ secret }', principal: token([]), data: { secret: 's' } },
    ],
  },
  {
    name: 'one of the lists of @requiresScopes has to be complete',
    subgraphs: { a, b },
    operations: [
      { query: '{ user { mail } }', principal: token(['admin']), data: { user: { mail: 'ada@x' } } },
      {
        query: '{ user { id mail } }',
        principal: token(['other']),
        data: { user: { id: '1', mail: null } },
        errors: [{ path: ['user', 'mail'], code: 'FORBIDDEN' }],
      },
    ],
  },
  {
    name: 'a refused field that must not be null empties the object around it',
    subgraphs: { a, b },
    operations: [
      {
        query: '{ user { age salary } }',
        principal: token([]),
        data: { user: null },
        errors: [{ path: ['user', 'salary'], code: 'FORBIDDEN' }],
      },
      {
        query: '{ user { age salary } }',
        principal: token([], ['payroll']),
        data: { user: { age: 36, salary: 10 } },
      },
    ],
  },
  {
    name: 'a refused type is refused wherever a field answers it',
    subgraphs: { a, b },
    operations: [
      {
        query: '{ user { age file { name } } }',
        data: { user: { age: 36, file: null } },
        errors: [{ path: ['user', 'file'], code: 'UNAUTHENTICATED' }],
      },
    ],
  },
]
