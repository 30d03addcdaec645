import { createHash } from 'node:crypto'
import { unreachable } from '../../kernel/errors.ts'
import type { Principal } from '../../kernel/principal.ts'

/** Which progressive overrides one request takes; a plan depends on it. Plain data: plans are made in another thread. */
export interface Overrides {
  /** Labels that are not `percent(n)` and take the field to its new subgraph. */
  readonly active: readonly string[]
  /** 0 up to 100: `percent(n)` takes the field to its new subgraph when this is below n. */
  readonly percentile: number
}

export interface OverrideOptions {
  /** Labels that are active for everyone. Default: none. */
  readonly active?: readonly string[]
  /** Is a label active for whoever asks? Asked for every request and every label of the supergraph, but for `percent(n)`. */
  readonly isActive?: (label: string, principal: Principal | undefined) => boolean
  /** Where callers without a credential stand, once a request. Default: `Math.random`. */
  readonly random?: () => number
}

/**
 * What the labels of a supergraph are for one request; undefined when it has none. `percent(n)` is decided by who asks, the same
 * for each request and for every label, so that nobody's fields move back and forth: the first 32 bits of SHA-256 of the
 * subject. Who comes without a credential is placed anew each time.
 */
export function decideOverrides(
  labels: readonly string[],
  principal: Principal | undefined,
  { active = [], isActive, random = Math.random }: OverrideOptions,
): Overrides | undefined {
  if (labels.length === 0) return undefined
  const subject = principal === undefined ? undefined : subjectOf(principal)
  return {
    active: labels.filter(
      label =>
        percentOf(label) === undefined && (active.includes(label) || isActive?.(label, principal) === true),
    ),
    percentile: subject === undefined ? random() * 100 : percentileOf(subject),
  }
}

/** Does `label` take its fields to their new subgraph? */
export function isOverridden(label: string, { active, percentile }: Overrides): boolean {
  const percent = percentOf(label)
  return percent === undefined ? active.includes(label) : percentile < percent
}

/** The labels that are taken, as a key: requests with the same one can share plans. */
export function overridesKey(labels: readonly string[], overrides: Overrides | undefined): string {
  if (overrides === undefined) return ''
  return JSON.stringify(labels.filter(label => isOverridden(label, overrides)))
}

/** n of `percent(n)`; undefined for any other label. */
function percentOf(label: string): number | undefined {
  const digits = /^percent\((\d{1,3}(?:\.\d{1,8})?)\)$/.exec(label)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

function percentileOf(subject: string): number {
  return (createHash('sha256').update(subject).digest().readUInt32BE(0) / 2 ** 32) * 100
}

function subjectOf(principal: Principal): string {
  switch (principal.kind) {
    case 'actor':
      return principal.actorId
    case 'token':
      return principal.subject
    case 'service':
      return principal.name
    default:
      return unreachable(principal)
  }
}
