import type { FetchNode } from '../../planning/plan.ts'
import type { FetchSource } from './fetch-source.ts'
import type { LeafScan } from './leaf-scan.ts'

/** How a value is scanned. */
export type Program =
  | { readonly kind: 'leaf'; readonly nullable: boolean; readonly scan: LeafScan }
  | { readonly kind: 'list'; readonly nullable: boolean; readonly item: Program }
  /** An object that is the client's as the subgraph wrote it, but for what stands in it. */
  | { readonly kind: 'object'; readonly nullable: boolean; readonly fields: readonly NamedProgram[] }
  | { readonly kind: 'place'; readonly nullable: boolean; readonly layout: Layout }

/** A field of an object as a subgraph writes it. */
export interface NamedProgram {
  /** What stands before the value, e.g. `,"name":`. */
  readonly literal: Uint8Array
  readonly program: Program
}

/** An object that other subgraphs complete, or that the client wants in another form than the subgraph wrote it in. */
export interface Layout {
  readonly id: number
  /** The fields that come with the object. */
  readonly own: readonly NamedProgram[]
  readonly uses: readonly Use[]
  /** The fields of the client's object, in its order. */
  readonly items: readonly Item[]
}

/** An object's way to be completed: the group that does it, and where the object has what the group requires. */
export interface Use {
  readonly id: number
  readonly index: number
  readonly group: Group
  /** In the order of the group's `requires`. */
  readonly requirements: readonly Origin[]
}

/** Where a value stands: with the object, or in what one of its uses brought. */
export type Origin =
  | { readonly kind: 'own'; readonly index: number }
  | { readonly kind: 'brought'; readonly use: number; readonly slot: number }
  | { readonly kind: 'constant'; readonly text: string }

/** A field of the client's object. */
export interface Item {
  /** What stands before the value, e.g. `{"name":`. */
  readonly literal: string
  readonly origin: Origin
  /** May it be null when no entity was found? */
  readonly nullable: boolean
}

/** Entities of one type that one request asks the same of, wherever in the answer they stand. */
export interface Group {
  readonly id: number
  /** Before the first required value, e.g. `{"__typename":"Product","upc":`, and before each one after it. */
  readonly literals: readonly string[]
  readonly fields: readonly NamedProgram[]
  /** As it stands in the request's document. */
  readonly selection: string
  readonly type: string
}

/** One request to one subgraph. */
export interface Batch {
  readonly index: number
  readonly subgraph: string
  readonly root: boolean
  /** Batches that it needs the answers of. */
  readonly after: readonly number[]
  /** Of a batch of entities. */
  readonly groups: readonly Group[]
  /** Of a batch of root fields. */
  readonly fields: readonly NamedProgram[]
  /** The request up to its variables, as bytes in latin1. */
  readonly head: string
  /** The client's variables that it uses. */
  readonly variables: readonly string[]
}

/** A query as the compiled tier runs it. */
export interface CompiledQuery {
  readonly batches: readonly Batch[]
  readonly layouts: number
  readonly groups: number
  readonly uses: number
  /** Where it has what the fetches of the plan ask for. */
  readonly sources: ReadonlyMap<FetchNode, FetchSource>
  /** The fields of the answer: each is a root field of a batch, or constant. */
  readonly items: readonly {
    readonly literal: string
    readonly origin:
      | { readonly kind: 'constant'; readonly text: string }
      | { readonly kind: 'field'; readonly batch: number; readonly slot: number }
  }[]
}
