import fc from 'fast-check'
import {
  buildSchema,
  execute,
  getNamedType,
  isAbstractType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  parse,
  validate,
} from 'graphql'
import type { FieldNode, GraphQLOutputType, GraphQLResolveInfo, GraphQLSchema } from 'graphql'
import { collectSubfields } from 'graphql/execution/collectFields.js'
import { expect, test } from 'vitest'
import type { ChangeKind } from '../../checks/changes/change.ts'
import { changesBetween } from '../../checks/changes/changes-between.ts'
import { OperationCollection } from '../../checks/operations/operation-collection.ts'
import { judgeChanges } from '../../checks/verdicts/judge-changes.ts'
import { schemaPairs } from './changing-schema.ts'
import { randomRequest } from './random-request.ts'

const tapes = fc.array(fc.nat(10_000), { minLength: 20, maxLength: 90 })
type Judge = typeof judgeChanges
const runs = Number(process.env['ENNEAD_FUZZ_RUNS'] ?? 1_500)

test(
  'an operation that no change hurts is taken and answered within the old types',
  { timeout: 60_000 + runs * 10 },
  () => {
    let unhurt = 0
    const property = promise(judgeChanges, () => unhurt++)
    fc.assert(property, { numRuns: runs })
    expect(unhurt).toBeGreaterThan(runs / 10)
  },
)

// Each with a seed that sees it soon; any other sees it later.
test.each<readonly [ChangeKind, number]>([
  ['FIELD_REMOVED', 1],
  ['FIELD_TYPE_CHANGED', 6],
  ['ENUM_VALUE_ADDED', 1],
  ['UNION_MEMBER_ADDED', 1],
  ['ARGUMENT_REMOVED', 1],
  ['ARGUMENT_TYPE_CHANGED', 4],
  ['ARGUMENT_DEFAULT_CHANGED', 22],
  ['REQUIRED_ARGUMENT_ADDED', 2],
  ['INPUT_FIELD_REMOVED', 1],
  ['INPUT_FIELD_TYPE_CHANGED', 10],
])(
  'the promise is broken, and this is seen, when every %s is called safe',
  { timeout: 120_000 },
  (kind, seed) => {
    const blind: Judge = (...given) => {
      const { changes, ...rest } = judgeChanges(...given)
      return {
        ...rest,
        changes: changes.map(judged => (judged.change.kind === kind ? { ...judged, level: 'safe' } : judged)),
      }
    }
    expect(fc.check(promise(blind), { numRuns: 20_000, seed, endOnFailure: true }).failed).toBe(true)
  },
)

/** What a verdict promises: the new schema takes an operation that it calls unhurt, and answers within the old types. */
function promise(judge: Judge, onUnhurt: () => void = () => undefined): fc.IProperty<unknown> {
  return fc.property(schemaPairs, tapes, tapes, ({ before, after }, tape, data) => {
    const [base, next] = [buildSchema(before), buildSchema(after)]
    const request = randomRequest(base, tape)
    const document = parse(request.text)
    if (validate(base, document).length > 0) return
    const collection = new OperationCollection()
    collection.addDocument({ text: request.text, file: 'q.graphql' })
    const { operations } = collection.result()
    const judgement = judge(base, next, changesBetween(base, next), operations)
    const hurt = judgement.changes.some(({ level }) => level !== 'safe') || judgement.refused.length > 0
    if (hurt) return
    onUnhurt()
    expect(validate(next, document).map(({ message }) => message)).toEqual([])
    const answer = execute({
      schema: next,
      document,
      variableValues: request.variables,
      fieldResolver: resolveWith(data),
      typeResolver: value => (value as { __typename: string }).__typename,
    })
    if (answer instanceof Promise) throw new Error('all of it is synchronous')
    expect(answer.errors ?? []).toEqual([])
    expect(misfits(base, document.definitions[0], answer.data)).toEqual([])
  })
}

/** Answers of the new schema made of a tape: any value its types allow. */
function resolveWith(
  tape: readonly number[],
): (source: unknown, args: unknown, context: unknown, info: GraphQLResolveInfo) => unknown {
  let at = 0
  const next = (below: number): number => (tape[at++ % tape.length] ?? 0) % below
  const value = (type: GraphQLOutputType, schema: GraphQLSchema): unknown => {
    if (isNonNullType(type)) return value(type.ofType, schema) ?? some(type.ofType, schema)
    return next(4) === 3 ? null : some(type, schema)
  }
  const some = (type: GraphQLOutputType, schema: GraphQLSchema): unknown => {
    if (isListType(type)) return [value(type.ofType, schema)]
    const named = getNamedType(type)
    if (isEnumType(named)) return named.getValues()[next(named.getValues().length)]?.name
    if (isObjectType(named)) return { __typename: named.name }
    if (isAbstractType(named)) {
      const types = schema.getPossibleTypes(named)
      return { __typename: types[next(types.length)]?.name }
    }
    return { Int: 7, Float: 7.5, Boolean: true }[named.name] ?? 'x'
  }
  return (_source, _args, _context, { returnType, schema }) => value(returnType, schema)
}

type Fields = ReadonlyMap<string, readonly FieldNode[]>

/** Every place where an answer is not what the old schema promises. */
function misfits(schema: GraphQLSchema, operation: unknown, data: unknown): readonly string[] {
  const found: string[] = []
  const query = schema.getQueryType()
  if (!query) throw new Error('a schema needs a query type')
  const root = [
    { selectionSet: (operation as { selectionSet: unknown }).selectionSet },
  ] as unknown as FieldNode[]
  object(query.name, root, data, 'answer')
  return found

  function object(name: string, nodes: readonly FieldNode[], given: unknown, path: string): void {
    const type = schema.getType(name)
    if (!isObjectType(type)) return void found.push(`${path}: ${name} is no object of the old schema`)
    const fields: Fields = collectSubfields(schema, {}, {}, type, [...nodes])
    const values = given as Record<string, unknown>
    const extra = Object.keys(values).filter(key => !fields.has(key))
    if (extra.length > 0) found.push(`${path}: nobody asked for ${extra.join()}`)
    for (const [key, inner] of fields) {
      const field = type.getFields()[inner[0]?.name.value ?? '']
      if (!(key in values)) found.push(`${path}.${key} is missing`)
      else if (field !== undefined) check(field.type, inner, values[key], `${path}.${key}`)
    }
    return undefined
  }

  function check(type: GraphQLOutputType, nodes: readonly FieldNode[], given: unknown, path: string): void {
    if (isNonNullType(type)) {
      if (given === null) found.push(`${path} is null`)
      else check(type.ofType, nodes, given, path)
    } else if (given === null) return
    else if (isListType(type)) {
      if (Array.isArray(given)) for (const item of given) check(type.ofType, nodes, item, `${path}[]`)
      else found.push(`${path} is no list`)
    } else leafOrObject(getNamedType(type).name, nodes, given, path)
  }

  function leafOrObject(name: string, nodes: readonly FieldNode[], given: unknown, path: string): void {
    const type = schema.getType(name)
    if (isEnumType(type)) {
      if (!type.getValue(String(given))) found.push(`${path} is ${String(given)}`)
    } else if (isObjectType(type)) object(name, nodes, given, path)
    else if (isAbstractType(type)) {
      const names = schema.getPossibleTypes(type).map(each => each.name)
      const shown = (given as { __typename?: string }).__typename
      const fitting = shown === undefined ? names : names.filter(each => each === shown)
      const tries = fitting.map(each => {
        const from = found.length
        object(each, nodes, given, path)
        return found.splice(from)
      })
      // Without its name shown, an object may be of any type whose fields it has.
      if (!tries.some(faults => faults.length === 0)) found.push(`${path} is none of ${names.join()}`)
    } else if (
      name === 'Int'
        ? !Number.isInteger(given)
        : name === 'Float'
          ? typeof given !== 'number'
          : typeof given !== 'string'
    )
      found.push(`${path} is ${JSON.stringify(given)} and no ${name}`)
  }
}
