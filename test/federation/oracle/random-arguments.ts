import type { ArgumentModel } from './graph-model.ts'
import type { Random } from './random.ts'

const argumentChoices: readonly ArgumentModel[] = [
  { name: 'many', type: 'Int', default: '2' },
  { name: 'upper', type: 'Boolean', default: 'false' },
  { name: 'most', type: 'Int' },
  { name: 'ids', type: '[ID!]' },
  { name: 'must', type: 'String!' },
  { name: 'color', type: 'Color', default: 'GREEN' },
  { name: 'filter', type: 'Filter' },
  { name: 'filters', type: '[[Filter!]]', default: '[[{ least: 3 }]]' },
  { name: 'json', type: 'Json' },
]

/** None, one or two arguments. */
export function randomArguments(random: Random): ArgumentModel[] {
  return random.chance(25) ? [...random.some(argumentChoices, 1, 2)] : []
}
