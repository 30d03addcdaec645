import { isRequiredArgument } from 'graphql'
import type { ArgumentNode, GraphQLArgument } from 'graphql'
import type { Found } from './finding.ts'
import type { GivenValues } from './given-values.ts'

/** What happens to the arguments of one use of a field or directive. */
export function examineArguments(
  coordinate: string,
  declared: { readonly before: readonly GraphQLArgument[]; readonly after: readonly GraphQLArgument[] },
  nodes: readonly ArgumentNode[],
  { given, found }: { readonly given: GivenValues; readonly found: Found },
  how: string,
): void {
  const values = new Map(nodes.map(node => [node.name.value, node.value]))
  const after = new Map(declared.after.map(argument => [argument.name, argument]))
  for (const argument of declared.before) {
    const at = `${coordinate}(${argument.name}:)`
    const now = after.get(argument.name)
    after.delete(argument.name)
    if (now !== undefined)
      given.at({ place: 'ARGUMENT', coordinate: at, before: argument, after: now }, values.get(argument.name))
    else if (values.has(argument.name))
      found({ kind: 'ARGUMENT_REMOVED', coordinate: at, level: 'breaking', how: `passes ${at}` })
  }
  for (const argument of after.values()) {
    if (!isRequiredArgument(argument)) continue
    const at = `${coordinate}(${argument.name}:)`
    found({
      kind: 'REQUIRED_ARGUMENT_ADDED',
      coordinate: at,
      level: 'breaking',
      how: `${how} without ${argument.name}`,
    })
  }
}
