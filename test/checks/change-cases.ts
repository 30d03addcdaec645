/** One change of a small graph, with an operation that meets it and one that does not. */
export interface ChangeCase {
  readonly title: string
  readonly before: string
  readonly after: string
  /** Sent by clients, in this order. */
  readonly operations: readonly string[]
}

function field(title: string, before: string, after: string, ...operations: string[]): ChangeCase {
  const rest = 'other: Int ping(at: Colour): Int pet: Pet node: Node it: It'
  const types = `
interface Node { id: ID! }
interface It { id: ID! }
type Cat implements Node { id: ID! purr: Int }
type Dog implements Node & It { id: ID! bark: Int }
union Pet = Cat | Dog
enum Colour { RED GREEN }
enum Mood { GLAD SAD }
input Filter { text: String }
input Need { must: Int! }
input Pick { a: Int b: Int }
scalar Time
scalar Other
`
  const schema = (fields: string): string => `type Query { ${fields} ${rest} }${types}`
  return { title, before: schema(before), after: schema(after), operations: [...operations, '{ other }'] }
}

function whole(title: string, before: string, after: string, ...operations: string[]): ChangeCase {
  const schema = (text: string): string => `${text}\nextend type Query { other: Int }`
  return { title, before: schema(before), after: schema(after), operations: [...operations, '{ other }'] }
}

export const changeCases: readonly ChangeCase[] = [
  field('a field goes', 'x: Int', '', '{ x }'),
  field('a deprecated field goes', 'x: Int @deprecated', '', '{ x }'),
  field('a field comes', '', 'x: Int', '{ other }'),
  field('an answer may be null now', 'x: Int!', 'x: Int', '{ x }'),
  field('an answer is never null now', 'x: Int', 'x: Int!', '{ x }'),
  field('an item may be null now', 'x: [Int!]', 'x: [Int]', '{ x }'),
  field('an item is never null now', 'x: [Int]', 'x: [Int!]', '{ x }'),
  field('an answer becomes a list', 'x: Int', 'x: [Int]', '{ x }'),
  field('an answer is no list any more', 'x: [Int]', 'x: Int', '{ x }'),
  field('an integer becomes a fraction', 'x: Int', 'x: Float', '{ x }'),
  field('a fraction becomes an integer', 'x: Float', 'x: Int', '{ x }'),
  field('an id becomes a string', 'x: ID', 'x: String', '{ x }'),
  field('a string becomes an integer', 'x: String', 'x: Int', '{ x }'),
  field('an enum becomes a string', 'x: Colour', 'x: String', '{ x }'),
  field('an interface becomes one of its types', 'x: Node', 'x: Cat', '{ x { id } }'),
  field('the other type of an interface is asked for', 'x: Node', 'x: Cat', '{ x { ... on Dog { bark } } }'),
  field('a type becomes its interface', 'x: Cat', 'x: Node', '{ x { id } }'),
  field('an object becomes another', 'x: Cat', 'x: Dog', '{ x { id } }'),
  field('a field is deprecated', 'x: Int', 'x: Int @deprecated(reason: "use other")', '{ x }'),
  field('a field is no longer deprecated', 'x: Int @deprecated', 'x: Int', '{ x }'),
  field('a description changes', '"old" x: Int', '"new" x: Int', '{ x }'),
  field('an argument goes', 'x(a: Int): Int', 'x: Int', '{ x(a: 1) }', 'query Without { x }'),
  field('an optional argument comes', 'x: Int', 'x(a: Int): Int', '{ x }'),
  field('an argument with a default comes', 'x: Int', 'x(a: Int! = 1): Int', '{ x }'),
  field('a required argument comes', 'x: Int', 'x(a: Int!): Int', '{ x }'),
  field('an argument is required now and left out', 'x(a: Int): Int', 'x(a: Int!): Int', '{ x }'),
  field('an argument is required now and passed', 'x(a: Int): Int', 'x(a: Int!): Int', '{ x(a: 1) }'),
  field('an argument is required now and null', 'x(a: Int): Int', 'x(a: Int!): Int', '{ x(a: null) }'),
  field(
    'a requirement met by a variable',
    'x(a: Int): Int',
    'x(a: Int!): Int',
    'query Q($v: Int!) { x(a: $v) }',
  ),
  field(
    'a requirement not met by a variable',
    'x(a: Int): Int',
    'x(a: Int!): Int',
    'query Q($v: Int) { x(a: $v) }',
  ),
  field(
    'a requirement met by the default of a variable',
    'x(a: Int): Int',
    'x(a: Int!): Int',
    'query Q($v: Int = 1) { x(a: $v) }',
  ),
  field('an argument is optional now', 'x(a: Int!): Int', 'x(a: Int): Int', '{ x(a: 1) }'),
  field('a list may no longer hold null', 'x(a: [Int]): Int', 'x(a: [Int!]): Int', '{ x(a: [1, null]) }'),
  field(
    'a list of variables may no longer hold null',
    'x(a: [Int]): Int',
    'x(a: [Int!]): Int',
    'query Q($v: [Int]) { x(a: $v) }',
  ),
  field('one value becomes a list, by literal', 'x(a: Int): Int', 'x(a: [Int]): Int', '{ x(a: 1) }'),
  field(
    'one value becomes a list, by variable',
    'x(a: Int): Int',
    'x(a: [Int]): Int',
    'query Q($v: Int) { x(a: $v) }',
  ),
  field('a wider number, by literal', 'x(a: Int): Int', 'x(a: Float): Int', '{ x(a: 1) }'),
  field('a wider number, by variable', 'x(a: Int): Int', 'x(a: Float): Int', 'query Q($v: Int) { x(a: $v) }'),
  field('a string becomes an own scalar', 'x(a: String): Int', 'x(a: Time): Int', '{ x(a: "now") }'),
  field('a default changes and is relied on', 'x(a: Int = 1): Int', 'x(a: Int = 2): Int', '{ x }'),
  field('a default changes and a value is passed', 'x(a: Int = 1): Int', 'x(a: Int = 2): Int', '{ x(a: 3) }'),
  field(
    'a default changes under a variable',
    'x(a: Int = 1): Int',
    'x(a: Int = 2): Int',
    'query Q($v: Int) { x(a: $v) }',
  ),
  field('a default goes where a value is needed', 'x(a: Int! = 1): Int', 'x(a: Int!): Int', '{ x }'),
  field('a default comes', 'x(a: Int): Int', 'x(a: Int = 1): Int', '{ x }'),
  whole(
    'an answered enum value goes',
    'type Query { x: C } enum C { A B }',
    'type Query { x: C } enum C { A }',
    '{ x }',
  ),
  whole(
    'an answered enum value comes',
    'type Query { x: C } enum C { A }',
    'type Query { x: C } enum C { A B }',
    '{ x }',
  ),
  whole(
    'a passed enum value goes, by literal',
    'type Query { x(c: C): Int } enum C { A B }',
    'type Query { x(c: C): Int } enum C { A }',
    '{ x(c: B) }',
    'query Kept { x(c: A) }',
  ),
  whole(
    'a passed enum value goes, by variable',
    'type Query { x(c: C): Int } enum C { A B }',
    'type Query { x(c: C): Int } enum C { A }',
    'query Q($c: C) { x(c: $c) }',
  ),
  whole(
    'a passed enum value comes',
    'type Query { x(c: C): Int } enum C { A }',
    'type Query { x(c: C): Int } enum C { A B }',
    '{ x(c: A) }',
  ),
  whole(
    'an input field goes, by literal',
    'type Query { x(f: F): Int } input F { a: Int b: Int }',
    'type Query { x(f: F): Int } input F { a: Int }',
    '{ x(f: { b: 1 }) }',
    'query Kept { x(f: { a: 1 }) }',
  ),
  whole(
    'an input field goes, by variable',
    'type Query { x(f: F): Int } input F { a: Int b: Int }',
    'type Query { x(f: F): Int } input F { a: Int }',
    'query Q($f: F) { x(f: $f) }',
  ),
  whole(
    'a required input field comes, by variable',
    'type Query { x(f: F): Int } input F { a: Int }',
    'type Query { x(f: F): Int } input F { a: Int b: Int! }',
    'query Q($f: F) { x(f: $f) }',
  ),
  whole(
    'an optional input field comes',
    'type Query { x(f: F): Int } input F { a: Int }',
    'type Query { x(f: F): Int } input F { a: Int b: Int }',
    'query Q($f: F) { x(f: $f) }',
  ),
  whole(
    'an input field deep inside becomes required',
    'type Query { x(f: F): Int } input F { g: G } input G { a: Int }',
    'type Query { x(f: F): Int } input F { g: G } input G { a: Int! }',
    'query Q($f: F) { x(f: $f) }',
  ),
  whole(
    'an input takes exactly one field now',
    'type Query { x(f: F): Int } input F { a: Int b: Int }',
    'type Query { x(f: F): Int } input F @oneOf { a: Int b: Int }',
    '{ x(f: { a: 1, b: 2 }) }',
    'query One { x(f: { a: 1 }) }',
  ),
  whole(
    'a member leaves a union',
    'type Query { x: U } union U = A | B type A { a: Int } type B { b: Int }',
    'type Query { x: U y: B } union U = A type A { a: Int } type B { b: Int }',
    '{ x { ... on B { b } } }',
    'query Kept { x { ... on A { a } } }',
  ),
  whole(
    'a member joins a union',
    'type Query { x: U y: B } union U = A type A { a: Int } type B { b: Int }',
    'type Query { x: U y: B } union U = A | B type A { a: Int } type B { b: Int }',
    '{ x { ... on A { a } } }',
  ),
  whole(
    'a type leaves an interface',
    'type Query { x: I a: A } interface I { id: ID } type A implements I { id: ID a: Int } type B implements I { id: ID }',
    'type Query { x: I a: A } interface I { id: ID } type A { id: ID a: Int } type B implements I { id: ID }',
    '{ x { ... on A { a } } }',
    'query Plain { x { id } }',
  ),
  whole(
    'a type joins an interface',
    'type Query { x: I a: A } interface I { id: ID } type A { id: ID } type B implements I { id: ID }',
    'type Query { x: I a: A } interface I { id: ID } type A implements I { id: ID } type B implements I { id: ID }',
    '{ x { __typename } }',
    'query Plain { x { id } }',
  ),
  whole(
    'a type goes',
    'type Query { x: I } interface I { id: ID } type A implements I { id: ID } type B implements I { id: ID }',
    'type Query { x: I } interface I { id: ID } type B implements I { id: ID }',
    '{ x { ... on A { id } } }',
    'query Plain { x { id } }',
  ),
  whole(
    'an object becomes an interface',
    'type Query { x: A } type A { id: ID }',
    'type Query { x: A } interface A { id: ID } type B implements A { id: ID }',
    '{ x { id } }',
  ),
  whole(
    'a scalar gets another specification',
    'type Query { x: T } scalar T @specifiedBy(url: "https://a.example")',
    'type Query { x: T } scalar T @specifiedBy(url: "https://b.example")',
    '{ x }',
  ),
  whole(
    'subscriptions go',
    'type Query { x: Int } type Subscription { s: Int }',
    'type Query { x: Int }',
    'subscription { s }',
  ),
  whole(
    'a directive goes',
    'type Query { x: Int } directive @live on FIELD',
    'type Query { x: Int }',
    '{ x @live }',
  ),
  whole(
    'a directive of schemas goes',
    'type Query { x: Int } directive @owner on OBJECT',
    'type Query { x: Int }',
    '{ x }',
  ),
  whole(
    'a directive leaves a place',
    'type Query { x: Int } directive @live on FIELD | QUERY',
    'type Query { x: Int } directive @live on QUERY',
    '{ x @live }',
  ),
  whole(
    'two fields may no longer share a name',
    'type Query { x: U } union U = A | B type A { n: Int } type B { n: Int }',
    'type Query { x: U } union U = A | B type A { n: Int! } type B { n: Int }',
    '{ x { ... on A { n } ... on B { n } } }',
  ),
]
