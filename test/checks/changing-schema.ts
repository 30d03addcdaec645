import fc from 'fast-check'

/** One independent difference between two versions of a small graph: its text before and after. */
export interface Edit {
  readonly slot: string
  readonly before: string
  readonly after: string
}

const edits: readonly Edit[] = [
  { slot: '$name', before: 'name: String', after: 'name: String!' },
  { slot: '$name', before: 'name: String!', after: 'name: String' },
  { slot: '$name', before: 'name: String', after: '' },
  { slot: '$name', before: '', after: 'name: String' },
  { slot: '$size', before: 'size: Float', after: 'size: Int' },
  { slot: '$size', before: 'size: Int', after: 'size: Float' },
  { slot: '$colour', before: 'colour: Colour!', after: 'colour: Colour' },
  { slot: '$colours', before: 'colours: [Colour!]', after: 'colours: [Colour]' },
  { slot: '$colours', before: 'colours: [Colour]', after: 'colours: [Colour!]!' },
  { slot: '$friend', before: 'friend: Named', after: 'friend: Cat' },
  { slot: '$friend', before: 'friend: Cat', after: 'friend: Named' },
  { slot: '$values', before: 'RED GREEN BLUE', after: 'RED GREEN' },
  { slot: '$values', before: 'RED GREEN', after: 'RED GREEN BLUE' },
  { slot: '$first', before: 'first: Int', after: 'first: Int!' },
  { slot: '$first', before: 'first: Int!', after: 'first: Int' },
  { slot: '$first', before: 'first: Int = 5', after: 'first: Int! = 5' },
  { slot: '$first', before: 'first: Int = 5', after: 'first: Int! = 6' },
  { slot: '$first', before: 'first: Int! = 5', after: 'first: Int!' },
  { slot: '$first', before: 'first: Int', after: 'first: Float' },
  { slot: '$first', before: 'first: Int', after: '' },
  { slot: '$first', before: '', after: 'first: Int!' },
  { slot: '$first', before: '', after: 'first: Int' },
  { slot: '$in', before: 'in: [Colour]', after: 'in: [Colour!]' },
  { slot: '$in', before: 'in: Colour', after: 'in: [Colour]' },
  { slot: '$filter', before: 'filter: Filter', after: 'filter: Filter!' },
  { slot: '$text', before: 'text: String', after: 'text: String!' },
  { slot: '$text', before: 'text: String', after: 'text: ID' },
  { slot: '$text', before: 'text: String', after: '' },
  { slot: '$text', before: '', after: 'text: String!' },
  { slot: '$text', before: 'text: String = "a"', after: 'text: String = "b"' },
  { slot: '$text', before: 'text: String! = "a"', after: 'text: String!' },
  { slot: '$inner', before: 'inner: Filter', after: '' },
  { slot: '$members', before: 'Cat | Dog', after: 'Cat' },
  { slot: '$members', before: 'Cat | Dog', after: 'Cat | Dog | Owl' },
  { slot: '$owl', before: 'implements Named', after: '' },
  { slot: '$owl', before: '', after: 'implements Named' },
  { slot: '$dog', before: 'bark: Int', after: 'bark: Int!' },
  { slot: '$dog', before: 'bark: Int', after: '' },
]

/** What stands in each slot that is not edited. */
const usual: Readonly<Record<string, string>> = {
  $name: 'name: String',
  $size: 'size: Float',
  $colour: 'colour: Colour!',
  $colours: 'colours: [Colour!]',
  $friend: 'friend: Named',
  $values: 'RED GREEN BLUE',
  $first: 'first: Int',
  $in: 'in: [Colour]',
  $filter: 'filter: Filter',
  $text: 'text: String',
  $inner: 'inner: Filter',
  $members: 'Cat | Dog',
  $owl: 'implements Named',
  $dog: 'bark: Int',
}

const template = `
type Query { cats(limit: Int = 3 $first $in $filter): [Cat!] pet: Pet named: Named! dog: Dog }
interface Named { title: String }
type Cat implements Named { title: String purr: Int $name $size $colour $colours $friend }
type Dog implements Named { title: String! other: String $dog }
type Owl $owl { title: String wings: Int }
union Pet = $members
enum Colour { $values }
input Filter { sure: Boolean colour: Colour $text $inner }
`

/** Two versions of the graph that differ in up to three places. */
export const schemaPairs: fc.Arbitrary<{ readonly before: string; readonly after: string }> = fc
  .uniqueArray(fc.constantFrom(...edits), { selector: edit => edit.slot, minLength: 1, maxLength: 3 })
  .map(chosen => {
    const fill = (version: 'before' | 'after'): string =>
      template.replaceAll(/\$\w+/g, slot => {
        const edit = chosen.find(each => each.slot === slot)
        return edit?.[version] ?? usual[slot] ?? ''
      })
    return { before: fill('before'), after: fill('after') }
  })
