import { createHash } from 'node:crypto'
import { GraphQLError, Kind, parse, separateOperations, Source, visit } from 'graphql'
import type { DocumentNode, FragmentDefinitionNode } from 'graphql'
import type { Diagnostic } from '../../composition/diagnostic.ts'
import type { RecordedOperation, Traffic } from './recorded-operation.ts'

/** A text with one or more operations, and where it stands. */
export interface OperationText {
  readonly text: string
  readonly file: string
  /** Where the text begins in its file. Default 1. */
  readonly line?: number
  /** Default: made from the text. */
  readonly id?: string
  readonly traffic?: readonly Traffic[]
}

export interface ReadOperations {
  readonly operations: readonly RecordedOperation[]
  /** What could not be read of them; none of it ends a check. */
  readonly notices: readonly Diagnostic[]
  /** Requests that a log says it did not count. */
  readonly omitted: number
}

/** Gathers operations from any number of files: the same operation from two of them is one, its traffic added up. */
export class OperationCollection {
  readonly #operations = new Map<string, RecordedOperation>()
  readonly #notices: Diagnostic[] = []
  /** Fragments by name: an operation may use one of another file. */
  readonly #fragments = new Map<string, FragmentDefinitionNode>()
  readonly #waiting: { readonly source: OperationText; readonly document: DocumentNode }[] = []
  #omitted = 0

  addDocument(source: OperationText): void {
    try {
      const document = parse(new Source(source.text, source.file), { maxTokens: 100_000 })
      this.#waiting.push({ source, document })
      for (const each of document.definitions) {
        if (each.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(each.name.value, each)
      }
    } catch (failure) {
      if (!(failure instanceof GraphQLError)) throw failure
      const place = failure.locations?.[0]
      const { file, line = 1, text } = source
      this.#notices.push({
        severity: 'warning',
        code: 'OPERATION_UNREADABLE',
        message: `this document is left out, since it is not GraphQL: ${failure.message}`,
        locations: [
          {
            subgraph: undefined,
            file,
            line: line + (place?.line ?? 1) - 1,
            column: place?.column ?? 1,
            // A text inside another file has no lines of its own to show.
            text: line === 1 ? text : undefined,
          },
        ],
        advice: 'correct the document, or leave it out of --operations',
      })
    }
  }

  notice(message: string, file: string, line: number): void {
    const locations = [{ subgraph: undefined, file, line, column: 1, text: undefined }]
    this.#notices.push({ severity: 'warning', code: 'OPERATION_LOG_LINE', message, locations })
  }

  omit(requests: number): void {
    this.#omitted += requests
  }

  result(): ReadOperations {
    for (const { source, document } of this.#waiting) this.#separate(source, document)
    return { operations: [...this.#operations.values()], notices: this.#notices, omitted: this.#omitted }
  }

  #separate(source: OperationText, document: DocumentNode): void {
    const whole = withFragments(document, this.#fragments)
    for (const [name, separate] of Object.entries(separateOperations(whole))) {
      const operation = separate.definitions.find(each => each.kind === Kind.OPERATION_DEFINITION)
      const start = operation?.loc?.startToken.line ?? 1
      this.#add({
        id: source.id ?? hashOf(source.text, name),
        name: name === '' ? undefined : name,
        document: separate,
        file: source.file,
        line: (source.line ?? 1) + start - 1,
        traffic: source.traffic ?? [],
      })
    }
  }

  #add(operation: RecordedOperation): void {
    const key = `${operation.id} ${operation.name ?? ''}`
    const before = this.#operations.get(key)
    const traffic = [...(before?.traffic ?? []), ...operation.traffic]
    this.#operations.set(key, { ...(before ?? operation), traffic })
  }
}

function hashOf(text: string, name: string): string {
  return createHash('sha256').update(`${name}\n${text}`).digest('hex').slice(0, 12)
}

/** The document with every fragment it uses and does not have. */
function withFragments(
  document: DocumentNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): DocumentNode {
  const definitions = [...document.definitions]
  const present = new Set(
    definitions.map(each => (each.kind === Kind.FRAGMENT_DEFINITION ? each.name.value : '')),
  )
  // Grows while it is walked: fragments use fragments.
  for (const definition of definitions) {
    visit(definition, {
      FragmentSpread({ name: { value: name } }) {
        const fragment = fragments.get(name)
        if (fragment === undefined || present.has(name)) return
        present.add(name)
        definitions.push(fragment)
      },
    })
  }
  return { ...document, definitions }
}
