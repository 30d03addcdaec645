import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  isObjectType,
  NoUnusedVariablesRule,
  OverlappingFieldsCanBeMergedRule,
  parse,
  print,
  validate,
} from 'graphql'
import type {
  GraphQLArgument,
  GraphQLCompositeType,
  GraphQLField,
  GraphQLObjectType,
  GraphQLSchema,
} from 'graphql'
import type { GraphQLRequest } from '../../../gateway/engine.ts'
import { Random } from './random.ts'
import { RandomValues } from './random-values.ts'

/** A valid operation on `schema`, the same for the same seed; undefined when this seed makes none. */
export function randomOperation(schema: GraphQLSchema, seed: number): GraphQLRequest | undefined {
  const request = new Writer(schema, new Random(seed)).operation()
  const document = parse(request.query)
  return validate(schema, document, breakable).length === 0
    ? { ...request, query: print(document) }
    : undefined
}

/** Aliases may collide, and a variable be lost with a condition; the gateway refuses what breaks another rule, which is a fault. */
const breakable = [OverlappingFieldsCanBeMergedRule, NoUnusedVariablesRule]

/**
 * `request`, and the same operation with other values of the variables of its conditions: different ones, at most `most` with
 * `request`. One plan answers all of them.
 */
export function otherConditions(
  request: GraphQLRequest,
  seed: number,
  most: number,
): readonly GraphQLRequest[] {
  const { variables = {} } = request
  const names = Object.keys(variables).filter(name => /^if\d+$/.test(name))
  const random = new Random(seed)
  const requests = new Map([[JSON.stringify(variables), request]])
  for (let tries = 0; names.length > 0 && tries < most; tries++) {
    const values = Object.fromEntries(names.map(name => [name, random.chance(50)]))
    const other = { ...request, variables: { ...variables, ...values } }
    if (requests.size < most) requests.set(JSON.stringify(other.variables), other)
  }
  return [...requests.values()]
}

/** Names that a plan uses for itself are worth trying. */
const aliases = [
  'id',
  'code',
  'tag',
  'unit',
  'f1',
  'f3',
  'from2',
  '__typename',
  'a',
  'b',
  '_e0_id',
  'f2__alias_0',
]

interface Fragment {
  readonly name: string
  readonly on: GraphQLCompositeType
  text: string
}

class Writer {
  readonly #schema: GraphQLSchema
  readonly #random: Random
  readonly #values: RandomValues
  readonly #fragments: Fragment[] = []
  #selectionsLeft = 40

  constructor(schema: GraphQLSchema, random: Random) {
    this.#schema = schema
    this.#random = random
    this.#values = new RandomValues(random)
  }

  operation(): GraphQLRequest {
    const random = this.#random
    const root = this.#root()
    const isSubscription = root === this.#schema.getSubscriptionType()
    const depth = 2 + random.below(4)
    // One field, under no condition.
    const selections = isSubscription
      ? `{ ${this.#field(random.pick(Object.values(root.getFields())), depth, '')} }`
      : this.#selections(root, depth, 4)
    const named = random.chance(50)
    const kind = isSubscription
      ? 'subscription'
      : root === this.#schema.getMutationType()
        ? 'mutation'
        : 'query'
    const head = `${kind}${named ? ' Op' : ''}${this.#values.definitions()}`
    const fragments = this.#fragments.map(({ name, on, text }) => `fragment ${name} on ${on.name} ${text}`)
    const other = named && random.chance(20) ? ['query Other { __typename }'] : []
    const query = [`${head} ${selections}`, ...other, ...fragments].join('\n')
    const variables = this.#values.variables()
    return {
      query,
      ...(other.length > 0 || (named && random.chance(50)) ? { operationName: 'Op' } : {}),
      ...(Object.keys(variables).length === 0 ? {} : { variables }),
    }
  }

  #selections(type: GraphQLCompositeType, depth: number, most = 3): string {
    const parts: string[] = []
    for (let count = 1 + this.#random.below(most); count > 0; count--)
      parts.push(this.#selection(type, depth))
    return `{ ${parts.join(' ')} }`
  }

  #selection(type: GraphQLCompositeType, depth: number): string {
    this.#selectionsLeft--
    const deeper = depth > 0 && this.#selectionsLeft > 0
    const fields = 'getFields' in type ? Object.values(type.getFields()) : []
    const wantsFragment = this.#random.chance(fields.length === 0 ? 85 : isAbstractType(type) ? 45 : 15)
    if (wantsFragment && deeper) return this.#fragment(type, depth - 1)
    const usable = fields.filter(field => deeper || !isCompositeType(getNamedType(field.type)))
    if (usable.length === 0 || this.#random.chance(8)) return `${this.#alias()}__typename${this.#condition()}`
    const composite = usable.filter(field => isCompositeType(getNamedType(field.type)))
    const field = this.#random.pick(composite.length > 0 && this.#random.chance(40) ? composite : usable)
    return this.#field(field, depth)
  }

  #root(): GraphQLObjectType {
    const [query, mutation, subscription] = [
      this.#schema.getQueryType(),
      this.#schema.getMutationType(),
      this.#schema.getSubscriptionType(),
    ]
    if (!query) throw new Error('a schema needs a query type')
    if (subscription && this.#random.chance(15)) return subscription
    return mutation && this.#random.chance(25) ? mutation : query
  }

  #field(field: GraphQLField<unknown, unknown>, depth: number, condition = this.#condition()): string {
    const type = getNamedType(field.type)
    const head = `${this.#alias()}${field.name}${this.#arguments(field.args)}${condition}`
    return isCompositeType(type) ? `${head} ${this.#selections(type, depth - 1)}` : head
  }

  #fragment(type: GraphQLCompositeType, depth: number): string {
    const condition = this.#condition()
    if (this.#random.chance(15)) return `... ${condition} ${this.#selections(type, depth)}`
    const candidates = Object.values(this.#schema.getTypeMap()).filter(
      (other): other is GraphQLCompositeType => isCompositeType(other) && this.#overlap(type, other),
    )
    const on = this.#random.chance(25) ? type : this.#random.pick(candidates)
    const known = this.#fragments.filter(each => each.text !== '' && each.on === on)
    if (known.length > 0 && this.#random.chance(50)) return `...${this.#random.pick(known).name}${condition}`
    if (this.#random.chance(65)) return `... on ${on.name}${condition} ${this.#selections(on, depth)}`
    const fragment: Fragment = { name: `F${this.#fragments.length}`, on, text: '' }
    this.#fragments.push(fragment)
    // Known to others only when it is whole: it cannot hold itself.
    fragment.text = this.#selections(on, depth)
    return `...${fragment.name}${condition}`
  }

  #overlap(a: GraphQLCompositeType, b: GraphQLCompositeType): boolean {
    if (b.name.startsWith('__')) return false
    const objects = (type: GraphQLCompositeType): readonly string[] =>
      isObjectType(type) ? [type.name] : this.#schema.getPossibleTypes(type).map(({ name }) => name)
    return objects(a).some(name => objects(b).includes(name))
  }

  #arguments(args: readonly GraphQLArgument[]): string {
    const given = args.flatMap(argument => this.#values.argument(argument))
    return given.length === 0 ? '' : `(${given.join(', ')})`
  }

  #alias(): string {
    return this.#random.chance(20) ? `${this.#random.pick(aliases)}: ` : ''
  }

  #condition(): string {
    if (!this.#random.chance(18)) return ''
    const one = (): string => {
      const name = this.#random.pick(['skip', 'include'])
      return ` @${name}(if: ${this.#random.chance(30) ? this.#random.pick(['true', 'false']) : this.#values.condition()})`
    }
    const first = one()
    return this.#random.chance(12) && first.includes('@skip')
      ? first + one().replace('@skip', '@include')
      : first
  }
}
