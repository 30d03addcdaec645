import type { AnswerError, GraphQLAnswer } from '../engine.ts'
import type { Path } from './target.ts'
import { isTree, own } from './tree.ts'
import type { Tree } from './tree.ts'

/** Why a fetch brought nothing: an error without its place. */
export interface Failure {
  readonly message: string
  readonly extensions: AnswerError['extensions']
}

/** Errors of one answer. More are counted, not kept: a list of a million failures helps nobody. */
const errorsMax = 200

/**
 * The errors of one answer. A fetch that fails is not an error yet: it is blamed on the objects it should have
 * completed, and becomes one error for every field the client asked for and did not get, at that field's own path.
 */
export class Failures {
  readonly #clientName: (name: string) => string
  readonly #errors: AnswerError[] = []
  readonly #blamed = new Map<Tree, { readonly failure: Failure; readonly keys: ReadonlySet<string> }[]>()
  readonly #mentioned = new Set<Failure>()
  readonly #told = new Set<Failure>()
  readonly #tellers = new Map<string, object>()
  readonly #located = new Map<Failure, Path[]>()
  readonly #suspected = new Set<Failure>()
  /** Those that no subgraph has told of. */
  readonly #found = new Set<AnswerError>()
  readonly #before: Failures | undefined

  /** @param before Those of what was answered before, on the same objects: told already, and reasons for what is missing now. */
  constructor(clientName: (name: string) => string, before?: Failures) {
    this.#clientName = clientName
    this.#before = before
  }

  /** An error whose place is known; `path` in the names of the plan. */
  add(error: Failure, path: Path | undefined): void {
    this.#told.add(error)
    if (this.#errors.length >= errorsMax) return
    const { message, extensions } = error
    const told =
      path === undefined ? { message, extensions } : { message, path: this.#clientPath(path), extensions }
    this.#errors.push(told)
    if (this.#suspected.has(error)) this.#found.add(told)
  }

  /** A null where none may be, that nobody has told of. */
  addFound(error: Failure, path: Path): void {
    this.#suspected.add(error)
    this.add(error, path)
  }

  /**
   * An error at the place where a subgraph says it arose, in `response`. A field that two subgraphs were asked for fails in both:
   * one place has the errors of one response (specification, 6.4.4).
   */
  locate(error: Failure, path: Path, response: object): void {
    const place = JSON.stringify(path)
    const teller = this.#tellers.get(place) ?? response
    this.#tellers.set(place, teller)
    if (teller === response) this.add(error, path)
    else this.#told.add(error)
    const known = this.#located.get(error)
    if (known === undefined) this.#located.set(error, [path])
    else known.push(path)
  }

  /** The field of the object at `path` in or below which `error` arose, when that is known. */
  originIn(error: Failure, path: Path): string | undefined {
    const origin = this.#located.get(error)?.find(known => path.every((step, index) => known[index] === step))
    const step = origin?.[path.length]
    return typeof step === 'string' ? step : undefined
  }

  /** An error that must be told, without a path when no missing field gives it one. */
  mention(error: Failure): void {
    this.#mentioned.add(error)
  }

  /** `failure` is why `keys` of `tree` are missing, if any are. */
  blame(tree: Tree, failure: Failure, keys: ReadonlySet<string>): void {
    const known = this.#blamed.get(tree)
    if (known === undefined) this.#blamed.set(tree, [{ failure, keys }])
    else known.push({ failure, keys })
  }

  /** As `blame`, when nobody has told of a failure: what is missing may be so by another that is told elsewhere. */
  suspect(tree: Tree, failure: Failure, keys: ReadonlySet<string>): void {
    this.#suspected.add(failure)
    this.blame(tree, failure, keys)
  }

  /** Why `key` of `tree` is missing: the first reason that was given. */
  reasonFor(tree: Tree, key: string): Failure | undefined {
    const own = this.#blamed.get(tree)?.find(({ keys }) => keys.has(key))?.failure
    return own ?? this.#before?.reasonFor(tree, key)
  }

  /** Everything that may be why `key` of `tree` is missing. */
  reasonsFor(tree: Tree, key: string): readonly Failure[] {
    const own = this.#blamed.get(tree)?.filter(({ keys }) => keys.has(key)) ?? []
    return [...own.map(({ failure }) => failure), ...(this.#before?.reasonsFor(tree, key) ?? [])]
  }

  /** Is there an error at `path`, around it or inside it? It then explains a null there. */
  explains(path: Path): boolean {
    if (this.#before?.explains(path) === true) return true
    if (this.#errors.length === 0) return false
    const wanted = this.#clientPath(path)
    return this.#errors.some(error => {
      const known = error.path
      if (known === undefined) return false
      const shared = Math.min(known.length, wanted.length)
      for (let index = 0; index < shared; index++) if (known[index] !== wanted[index]) return false
      return true
    })
  }

  /**
   * All errors of an answer with `data`. A failure that was only blamed, and left nothing missing that the client asked for, is none;
   * nor is one that no subgraph told of, inside an object that another error has emptied.
   */
  list(data?: GraphQLAnswer['data']): readonly AnswerError[] {
    for (const failure of this.#mentioned) if (!this.#told.has(failure)) this.add(failure, undefined)
    if (this.#found.size === 0 || data === undefined) return this.#errors
    const emptied = new Set(
      this.#errors
        .filter(error => error.path !== undefined && !this.#found.has(error))
        .map(({ path = [] }) => emptiedBy(path, data) ?? JSON.stringify(path)),
    )
    return this.#errors.filter(error => {
      const place = this.#found.has(error) ? emptiedBy(error.path ?? [], data) : undefined
      return place === undefined || !emptied.has(place)
    })
  }

  #clientPath(path: Path): Path {
    return path.map(step => (typeof step === 'string' ? this.#clientName(step) : step))
  }
}

/** The null of `data` that an error at `path`, in the client's names, has gone up to; undefined: it stands at `path` itself. */
function emptiedBy(path: Path, data: Readonly<Tree> | null): string | undefined {
  let value: unknown = data
  for (const [index, step] of path.entries()) {
    if (value === null) return JSON.stringify(path.slice(0, index))
    if (typeof step === 'number') value = Array.isArray(value) ? value[step] : undefined
    else value = isTree(value) ? own(value, step) : undefined
  }
  return undefined
}
