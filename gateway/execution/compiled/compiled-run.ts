import type { VariableValues } from '../../operation/variables.ts'
import { AnswerScanner } from './answer-scanner.ts'
import { isTree } from '../tree.ts'
import type { Tree } from '../tree.ts'
import type { SubgraphResponse } from '../subgraph.ts'
import { alias, representations } from './compile.ts'
import type { Batch, CompiledQuery, Layout, Use } from './layout.ts'
import { textOf } from './place.ts'
import type { Brought, Place, RootSlot } from './place.ts'
import { RecentPlaces } from './recent-places.ts'
import type { Replayed } from './replay.ts'
import type { Bytes } from './spliced-answer.ts'
import { Surprise } from './uncompilable.ts'

/** Sends one request, UTF-8 in latin1, gives the answer in UTF-8 to `read`, and rejects with what that throws. */
export type Exchange = (subgraph: string, body: string, read: (answer: Buffer) => void) => Promise<void>

/** Does an answer say that the place that gave it fails, so that its subgraph should be asked again? */
export type IsFailure = (subgraph: string, response: SubgraphResponse) => boolean

/** One run of a compiled query. */
export class CompiledRun implements Replayed {
  readonly #query: CompiledQuery
  readonly #variables: VariableValues
  readonly #exchange: Exchange
  /** By layout. */
  readonly #places: readonly RecentPlaces[]
  /** The objects that each use completes. */
  readonly #waiting: { readonly use: Use; readonly place: Place }[][]
  /** By group, then by what stands in the representation. */
  readonly #brought: Map<string, Brought>[]
  readonly #rootSlots: (readonly RootSlot[])[] = []
  /** Batches that each batch still waits for. */
  readonly #open: number[]
  /** What came for each batch. */
  readonly #answers: Buffer[] = []
  /** By batch: settles when nothing more comes for it. */
  readonly #sent: Promise<void>[] = []
  readonly #isFailure: IsFailure
  #running = 0
  #settled = false
  #resolve: (data: readonly Bytes[]) => void = () => undefined
  #reject: (failure: unknown) => void = () => undefined

  /** @param isFailure Whether a subgraph is to be asked again after an answer. */
  constructor(query: CompiledQuery, variables: VariableValues, exchange: Exchange, isFailure: IsFailure) {
    this.#isFailure = isFailure
    this.#query = query
    this.#variables = variables
    this.#exchange = exchange
    this.#places = Array.from({ length: query.layouts }, () => new RecentPlaces())
    this.#waiting = Array.from({ length: query.groups }, () => [])
    this.#brought = Array.from({ length: query.groups }, () => new Map())
    this.#open = query.batches.map(({ after }) => after.length)
  }

  /**
   * Runs it, once. Resolves with the answer's data; rejects with Surprise as soon as anything is not as
   * expected. Requests under way are then not waited for.
   */
  data(): Promise<readonly Bytes[]> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      this.#attempt(() => {
        for (const batch of this.#query.batches) if (batch.after.length === 0) this.#begin(batch)
        this.#endWhenIdle()
      })
    })
  }

  get sources(): Replayed['sources'] {
    return this.#query.sources
  }

  async response(batch: number): Promise<Tree | undefined> {
    await this.#sent[batch]
    const answer = this.#answers[batch]
    const { subgraph } = this.#query.batches[batch] ?? {}
    if (answer === undefined || subgraph === undefined) return undefined
    try {
      const response: unknown = JSON.parse(answer.toString())
      return isTree(response) && !this.#isFailure(subgraph, response) ? response : undefined
    } catch {
      // Whoever asks again will be told.
      return undefined
    }
  }

  asked(batch: number, group: number): readonly string[] {
    const { id } = this.#query.batches[batch]?.groups[group] ?? {}
    const representations = id === undefined ? undefined : this.#brought[id]
    return Array.from(representations?.values() ?? [], ({ representation }) =>
      Buffer.from(representation, 'latin1').toString(),
    )
  }

  known(layout: Layout, answer: Buffer, at: number): Place | undefined {
    return this.#places[layout.id]?.at(answer, at)
  }

  /** A new place joins the uses that complete it. */
  add(place: Place): void {
    const { layout } = place
    this.#places[layout.id]?.add(place)
    for (const use of layout.uses) this.#waiting[use.group.id]?.push({ use, place })
  }

  #begin(batch: Batch): void {
    const asked: (readonly Brought[])[] = []
    const body = this.#body(batch, asked)
    this.#running++
    if (body === undefined) {
      this.#ended(batch)
      return
    }
    const read = (answer: Buffer): void => {
      this.#answers[batch.index] = answer
      try {
        this.#answered(batch, answer, asked)
      } catch (failure) {
        this.#fail(failure)
        throw failure
      }
    }
    this.#sent[batch.index] = this.#exchange(batch.subgraph, body, read).catch((cause: unknown) => {
      // Whoever could not read it has said so.
      if (!this.#settled) this.#fail(new Surprise(`subgraph "${batch.subgraph}" failed`, { cause }))
    })
  }

  /** Undefined: there is nothing to ask for. Puts what each group asks for into `asked`. */
  #body(batch: Batch, asked: (readonly Brought[])[]): string | undefined {
    let text = `${batch.head},"variables":{`
    let separator = ''
    let count = 0
    for (const name of batch.variables) {
      if (!Object.hasOwn(this.#variables, name)) continue
      text += `${separator}"${name}":${latin1(JSON.stringify(this.#variables[name]))}`
      separator = ','
    }
    for (const [index, group] of batch.groups.entries()) {
      const found = this.#brought[group.id] ?? new Map<string, Brought>()
      text += `${separator}"${representations(index)}":[`
      separator = ','
      for (const { use, place } of this.#waiting[group.id] ?? []) {
        const known = requiredOf(use, place)
        let brought = found.get(known)
        if (brought === undefined) {
          const representation = representationOf(use, place)
          brought = { representation, slots: undefined }
          text += found.size === 0 ? representation : `,${representation}`
          found.set(known, brought)
        }
        place.brought[use.index] = brought
      }
      text += ']'
      count += found.size
      asked.push([...found.values()])
    }
    return batch.root || count > 0 ? `${text}}}` : undefined
  }

  #answered(batch: Batch, bytes: Buffer, asked: readonly (readonly Brought[])[]): void {
    // Nobody looks at it any more, so that nobody can say that it has no errors.
    if (this.#settled) throw new Surprise('the query has ended')
    const scanner = new AnswerScanner(bytes, this)
    if (batch.root) this.#rootSlots[batch.index] = scanner.root(batch)
    else scanner.entities(batch.groups, alias, asked)
    this.#ended(batch)
  }

  #ended(batch: Batch): void {
    this.#running--
    for (const next of this.#query.batches) {
      if (!next.after.includes(batch.index)) continue
      const open = (this.#open[next.index] ?? 0) - 1
      this.#open[next.index] = open
      if (open === 0) this.#begin(next)
    }
    this.#endWhenIdle()
  }

  /** A query of which its conditions leave nothing to fetch is idle at once. */
  #endWhenIdle(): void {
    if (this.#running > 0 || this.#settled) return
    this.#settled = true
    this.#resolve(this.#write())
  }

  #write(): readonly Bytes[] {
    const parts: Bytes[] = []
    let text = ''
    for (const { literal, origin } of this.#query.items) {
      text += literal
      const slot = origin.kind === 'constant' ? origin.text : this.#rootSlots[origin.batch]?.[origin.slot]
      if (Buffer.isBuffer(slot)) {
        parts.push(text, slot)
        text = ''
      } else text += textOf(slot)
    }
    parts.push(this.#query.items.length === 0 ? '{}' : `${text}}`)
    return parts
  }

  #attempt(work: () => void): void {
    try {
      work()
    } catch (failure) {
      this.#fail(failure)
    }
  }

  #fail(failure: unknown): void {
    this.#settled = true
    this.#reject(failure)
  }
}

/** What an object is known by: JSON values with commas between them. Texts that were added up would have to be laid out to be compared. */
function requiredOf({ requirements }: Use, place: Place): string {
  const [first, ...more] = requirements
  if (first === undefined) return ''
  let text = place.required(first)
  for (const origin of more) text += `,${place.required(origin)}`
  return text
}

function representationOf({ group, requirements }: Use, place: Place): string {
  let text = ''
  for (const [index, literal] of group.literals.entries()) {
    const origin = requirements[index]
    if (origin === undefined) throw new Surprise('a requirement without origin')
    text += literal + place.required(origin)
  }
  return `${text}}`
}

/** Text as the latin1 of its UTF-8 bytes, so that it can be joined with what came as bytes. */
export function latin1(text: string): string {
  const { length } = text
  // Most text is ASCII, which is the same in both.
  return Buffer.byteLength(text) === length ? text : Buffer.from(text).toString('latin1')
}
