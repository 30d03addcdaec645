import type { Principal } from '../../kernel/principal.ts'
import type { EngineOptions } from '../../gateway/create-engine.ts'
import { federated } from './federated.ts'
import type { Federated } from './federated.ts'

const peopleSdl = `
  type Query {
    user(id: ID!): User
    users: [User!]!
    me: User @authenticated
    anyone: [Actor]
    things: [Thing]
    secret: Secret
    must: String! @authenticated
  }
  type Mutation { rename(name: String!): User @requiresScopes(scopes: [["write"]])  touch: String }
  type Subscription { renamed: User @authenticated  ticks: Int }
  interface Actor { id: ID! name: String }
  type User implements Actor @key(fields: "id") {
    id: ID!
    name: String
    email: String @requiresScopes(scopes: [["read:email", "read:users"], ["admin"]])
    salary: Int @policy(policies: [["payroll"]])
    friends: [User]
  }
  type Robot implements Actor { id: ID! name: String serial: String @authenticated }
  type Vault @authenticated { gold: Int }
  union Thing = Robot | Vault
  scalar Secret @requiresScopes(scopes: [["secrets"]])
`
const ordersSdl = `
  type User @key(fields: "id") {
    id: ID!
    orders: [Order] @authenticated
    rank: Int
  }
  type Order { total: Int  address: Address! }
  type Address @requiresScopes(scopes: [["address"]]) { street: String }
`

const orders = () => [{ total: 3, address: { street: 's' } }]
const rank = () => 7
const friends = () => users
const users = [
  { __typename: 'User', id: '1', name: 'Ada', email: 'ada@x', salary: 10, friends, orders, rank },
  { __typename: 'User', id: '2', name: 'Bo', email: 'bo@x', salary: 20, friends, orders, rank },
]

const robot = { __typename: 'Robot', id: '9', name: 'R', serial: 'r9' }

/** What the root fields answer. */
export const roots = {
  user: ({ id }: { readonly id: string }) => users.find(user => user.id === id),
  users: () => users,
  me: () => users[0],
  anyone: () => [users[0], robot],
  things: () => [robot, { __typename: 'Vault', gold: 5 }],
  secret: () => 'x',
  must: () => 'm',
}

/** Two subgraphs with everything that can be protected. */
export function guardedGraph(options: Partial<EngineOptions> = {}): Federated {
  const subgraphs = {
    people: {
      sdl: peopleSdl,
      resolvers: {
        Query: { ...roots, user: (_: unknown, args: { readonly id: string }) => roots.user(args) },
        Mutation: { rename: () => users[0], touch: () => 'touched' },
        Subscription: {
          ticks: {
            async *subscribe() {
              yield { ticks: 1 }
            },
          },
        },
      },
    },
    orders: {
      sdl: ordersSdl,
      resolvers: {
        User: {
          __resolveReference: (user: object) => user,
          orders,
          rank,
        },
      },
    },
  }
  return federated(subgraphs, options)
}

/** The context of a request with a token. */
export function token(
  scopes: readonly string[] = [],
  policies: readonly string[] = [],
): { principal: Principal } {
  return { principal: { kind: 'token', subject: 'ada', scopes, policies, expiresAt: Infinity } }
}
