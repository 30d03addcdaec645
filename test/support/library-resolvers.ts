/** An object is its id; everything else follows from it, so that every subgraph can answer alone. */
interface Ref {
  readonly __typename?: string
  readonly id: string
  readonly [field: string]: unknown
}

const ref = (__typename: string, id: number): Ref => ({ __typename, id: `${__typename}${id % 7}` })
const numberOf = ({ id }: Ref): number => Number(id.replace(/\D/g, ''))
const ageOf = (user: Ref): number | null => (numberOf(user) === 3 ? null : 20 + numberOf(user))
const nameOf = (named: Ref): string | null => (numberOf(named) === 4 ? null : `Name of ${named.id}`)
const titleOf = (post: Ref, upper: boolean): string =>
  upper ? `TITLE ${numberOf(post)}` : `title ${numberOf(post)}`
const sizeOf = (post: Ref): { w: number | null; h: number | null } | null => {
  const n = numberOf(post)
  return n === 2 ? null : { w: n === 3 ? null : n, h: n === 4 ? null : n * 2 }
}

function fail(what: string): never {
  throw new Error(`no ${what}`)
}

/** Resolvers with nulls, errors, lists of lists and abstract types. */
export function makeResolvers() {
  return {
    Query: {
      users: () => [0, 1, 2, 3].map(n => ref('User', n)),
      user: (_: unknown, { id }: { id: string }) =>
        id === 'none' ? null : ref('User', Number(id.replace(/\D/g, ''))),
      posts: () => [1, 2, 3].map(n => ref('Post', n)),
      nodes: () => [ref('User', 1), null, ref('Post', 2), ref('Cat', 3), ref('User', 5)],
      pets: () => [ref('Cat', 1), ref('Dog', 2), null],
      named: () => [ref('Dog', 4), ref('Cat', 2)],
    },
    User: {
      name: nameOf,
      age: ageOf,
      friends: (user: Ref, { first }: { first?: number | null }) =>
        numberOf(user) === 2
          ? null
          : [ref('User', numberOf(user) + 1), null, ref('User', numberOf(user) + 2)].slice(0, first ?? 3),
      best: (user: Ref) => (numberOf(user) === 1 ? fail('best friend') : ref('User', numberOf(user) + 3)),
      sure: (user: Ref) => (numberOf(user) === 5 ? null : ref('User', numberOf(user) + 1)),
      posts: (user: Ref) => [ref('Post', numberOf(user)), ref('Post', numberOf(user) + 1)],
      rows: (user: Ref) => [[ref('Post', numberOf(user)), null], null, []],
      pet: (user: Ref) => [null, ref('Cat', 1), ref('Dog', 2)][numberOf(user) % 3],
      rank: (user: Ref, { limit }: { limit?: number | null }) =>
        numberOf(user) === 6 ? fail('rank') : Math.min(numberOf(user), limit ?? 9),
      badge: (user: Ref) => `${String(ageOf(user))} ${String(nameOf(user))}`,
    },
    Post: {
      title: (post: Ref, { upper }: { upper?: boolean | null }) => titleOf(post, upper === true),
      author: (post: Ref) => ref('User', numberOf(post) + 4),
      score: (post: Ref) => (numberOf(post) === 5 ? fail('score') : numberOf(post) * 10),
      related: (post: Ref) => [ref('Post', numberOf(post) + 1), ref('Cat', 2), ref('User', 1)],
      shout: (post: Ref) => `${titleOf(post, true)} ${String(sizeOf(post)?.w ?? null)}`,
      size: sizeOf,
    },
    Cat: {
      name: nameOf,
      lives: (cat: Ref) => 9 - numberOf(cat),
      owner: (cat: Ref) => ref('User', numberOf(cat)),
    },
    Dog: {
      name: nameOf,
      barks: (dog: Ref) => (numberOf(dog) === 4 ? fail('bark') : true),
      owner: (dog: Ref) => ref('User', numberOf(dog)),
    },
  }
}
