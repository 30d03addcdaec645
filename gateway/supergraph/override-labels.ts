import { Kind, visit } from 'graphql'
import type { DocumentNode } from 'graphql'

/** The labels of every progressive `@override(from:, label:)` of a composed supergraph, sorted. */
export function overrideLabels(supergraph: DocumentNode): readonly string[] {
  const labels = new Set<string>()
  visit(supergraph, {
    Directive({ name, arguments: given = [] }) {
      if (name.value !== 'join__field') return
      const label = given.find(argument => argument.name.value === 'overrideLabel')?.value
      if (label?.kind === Kind.STRING) labels.add(label.value)
    },
  })
  return [...labels].sort()
}
