import type { Draft, DraftField, DraftObject } from './draft.ts'
import { randomArguments } from './random-arguments.ts'
import type { Random } from './random.ts'

/**
 * Adds entities `Owner` and `Kept`, of which one is only found below the other: a field of what is kept takes an argument from the
 * nearest owner around it.
 */
export function addContext(draft: Draft, random: Random, subgraphs: readonly string[]): void {
  const owner = draft.object('Owner')
  const kept = draft.object('Kept')
  const home = random.pick(subgraphs)
  for (const object of [owner, kept]) {
    for (const subgraph of subgraphs) {
      if (subgraph === home || random.chance(50)) draft.addKey(object, 'id', subgraph)
    }
  }
  const type = random.pick(['String', 'Int', 'Color', '[Int]'])
  answered(draft, home, owner, { ...plain('lent', type), nulls: 20 })
  answered(draft, home, kept, {
    ...plain('borrowed', random.pick(['String', 'Int', 'Int!', '[Int]'])),
    args: randomArguments(random),
    fails: random.chance(15) ? 25 : 0,
    context: { type: 'Owner', field: 'lent', argumentType: type },
  })
  const list = (of: string): string => random.pick(['T', '[T]', '[T!]!']).replace('T', of)
  const anywhere = (object: DraftObject): string => random.pick([...draft.homesOf(object)])
  answered(draft, anywhere(owner), owner, { ...plain('keeps', list('Kept')), of: ['Kept'] })
  answered(draft, anywhere(kept), kept, { ...plain('own', 'Int'), nulls: 10 })
  if (random.chance(40)) {
    answered(draft, anywhere(kept), kept, { ...plain('next', 'Kept'), of: ['Kept'], nulls: 50 })
  }
  if (random.chance(40)) {
    answered(draft, anywhere(owner), owner, { ...plain('inner', 'Owner'), of: ['Owner'], nulls: 50 })
  }
  const roots = ['Query', 'Mutation'].flatMap(name => draft.objects.get(name) ?? [])
  for (const root of roots) {
    if (root.name === 'Query' || random.chance(50)) {
      answered(draft, anywhere(owner), root, { ...plain('owners', list('Owner')), of: ['Owner'] })
    }
  }
}

function answered(draft: Draft, subgraph: string, object: DraftObject, field: DraftField): void {
  object.fields.push(field)
  draft.answerIn(field, subgraph)
}

function plain(name: string, type: string): DraftField {
  return { name, type, of: [], args: [], nulls: 0, fails: 0, homes: [] }
}
