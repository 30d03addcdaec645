import { parse, print, visit } from 'graphql'
import type { ConstDirectiveNode } from 'graphql'
import { argumentText } from './graph-names.ts'

/**
 * The supergraph as if no subgraph provided fields that it does not answer everywhere: a plan on it is never wrong about where they
 * are provided, and may need a fetch more.
 */
export function withoutProvides(sdl: string): string {
  const document = parse(sdl, { noLocation: true })
  const used = new Map<string, Set<string>>()
  visit(document, {
    Directive(join) {
      if (!join.name.value.startsWith('join__')) return
      // Nothing in a supergraph has variables.
      const [key, requires] = ['key', 'requires'].map(name => argumentText(join as ConstDirectiveNode, name))
      const names = used.get(graphOf(join as ConstDirectiveNode)) ?? new Set()
      for (const [name] of `${key ?? ''} ${requires ?? ''}`.matchAll(/\w+/g)) names.add(name)
      used.set(graphOf(join as ConstDirectiveNode), names)
    },
  })
  const stripped = visit(document, {
    FieldDefinition(field) {
      const directives = (field.directives ?? []).flatMap(join => {
        if (join.name.value !== 'join__field') return join
        const given = (join.arguments ?? []).filter(({ name }) => name.value !== 'provides')
        const isExternal = given.some(({ name }) => name.value === 'external')
        // An external field that nothing uses is refused.
        return isExternal && used.get(graphOf(join))?.has(field.name.value) !== true
          ? []
          : { ...join, arguments: given }
      })
      return { ...field, directives }
    },
  })
  return print(stripped)
}

function graphOf(join: ConstDirectiveNode): string {
  return argumentText(join, 'graph') ?? ''
}
