import { Kind } from 'graphql'
import type { DirectiveNode } from 'graphql'
import type { JoinedCondition } from './joined-conditions.ts'

/** Values of the variables of conditions under which something holds: a bit for each sample. */
export type Samples = bigint

/** Variables of which every combination is looked at; with more, so many that are spread over all. */
const exactMax = 8

/**
 * What conditions mean, as sets of samples of their variables' values: of all combinations of up to eight variables, else of 256
 * of them. Conjunction is `&`, disjunction `|`.
 */
export class ConditionSamples {
  readonly all: Samples
  readonly #variables = new Map<string, Samples>()

  /** @param joined Conditions that stand for several. */
  constructor(variables: readonly string[], joined: readonly JoinedCondition[]) {
    const made = new Set(joined.map(({ variable }) => variable))
    const parts = joined.flatMap(({ all }) => all.map(([name]) => name))
    const names = [...new Set([...variables, ...parts])].filter(name => !made.has(name))
    const count = 2 ** Math.min(names.length, exactMax)
    this.all = (1n << BigInt(count)) - 1n
    for (const [index, name] of names.entries()) {
      let samples = 0n
      for (let sample = 0; sample < count; sample++) {
        const value = names.length <= exactMax ? (sample >> index) & 1 : spread(sample, index)
        if (value === 1) samples |= 1n << BigInt(sample)
      }
      this.#variables.set(name, samples)
    }
    for (const { variable, all } of joined) {
      const met = all.map(([name, wanted]) => this.of(name, wanted))
      this.#variables.set(
        variable,
        met.reduce((a, b) => a & b, this.all),
      )
    }
  }

  /** When the boolean variable is `wanted`. */
  of(variable: string, wanted: boolean): Samples {
    const samples = this.#variables.get(variable) ?? this.all
    return wanted ? samples : this.not(samples)
  }

  not(samples: Samples): Samples {
    return this.all & ~samples
  }

  /** When what bears `directives` is asked for. */
  with(directives: readonly DirectiveNode[] = []): Samples {
    let samples = this.all
    for (const { name, arguments: given = [] } of directives) {
      if (name.value !== 'skip' && name.value !== 'include') continue
      const wanted = name.value === 'include'
      const value = given[0]?.value
      if (value?.kind === Kind.VARIABLE) samples &= this.of(value.name.value, wanted)
      else if (value?.kind === Kind.BOOLEAN && value.value !== wanted) return 0n
    }
    return samples
  }
}

/** A bit that is unlike for neighbours, and the same every time. */
function spread(sample: number, index: number): number {
  const mixed = Math.imul(sample * 31 + index + 1, 0x9e3779b1)
  return (mixed >>> 15) & 1
}
