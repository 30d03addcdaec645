/** What one domain is, as its reliability is computed. */
export interface UnitModel {
  /** Attempts a call may have, all rounds together. At least 1. */
  readonly attempts: number
  /** Probability that an attempt fails. 0 to 1. */
  readonly e: number
  /** Share of failures that have one cause for all agents (the beta-factor of common-cause analysis). Default 0. */
  readonly beta?: number
  /** Probability that a failed attempt is noticed and the next one made. Default 1. */
  readonly coverage?: number
}

/**
 * Probability that one of `attempts` tries in turn succeeds:
 * R = (1 − βe)(1 − eᵢ)(1 − (c·eᵢ)^k) / (1 − c·eᵢ), eᵢ = (e − βe) / (1 − βe).
 * The first factor is the common cause, the rest the sum over the try that succeeds.
 */
export function unitReliability({ attempts, e, beta = 0, coverage = 1 }: UnitModel): number {
  const common = beta * e
  const own = common === 1 ? 1 : (e - common) / (1 - common)
  const again = coverage * own
  const tries = again === 1 ? attempts : (1 - again ** attempts) / (1 - again)
  return (1 - common) * (1 - own) * tries
}

/** Probability that at least `need` of `agents` answer when each may be asked `rounds` times. */
export function voteReliability(agents: number, need: number, rounds: number, e: number): number {
  const answers = 1 - e ** rounds
  let sum = 0
  for (let good = need; good <= agents; good++) {
    sum += choose(agents, good) * answers ** good * (1 - answers) ** (agents - good)
  }
  return sum
}

/** Attempts a call needs on average when it ends with its first success or after `attempts`. */
export function expectedAttempts(attempts: number, e: number): number {
  return e === 1 ? attempts : (1 - e ** attempts) / (1 - e)
}

/** The interval that contains the true share with about 95 % (Wilson 1927). Honest also at 0 and 100 %. */
export function wilson(good: number, n: number, z = 1.959964): readonly [number, number] {
  if (n === 0) return [0, 1]
  const share = good / n
  const scale = 1 + (z * z) / n
  const middle = (share + (z * z) / (2 * n)) / scale
  const half = (z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n))) / scale
  // At the ends the bounds are exact; computed, they would miss 0 and 1 by a rounding.
  return [good === 0 ? 0 : middle - half, good === n ? 1 : middle + half]
}

/** How many standard errors the measured share is from the model; 0 when the model leaves no doubt and is met. */
export function standardScore(good: number, n: number, model: number): number {
  const error = Math.sqrt((model * (1 - model)) / n)
  const difference = good / n - model
  return error === 0 ? (difference === 0 ? 0 : Math.sign(difference) * Infinity) : difference / error
}

function choose(n: number, k: number): number {
  let ways = 1
  for (let index = 1; index <= k; index++) ways = (ways * (n - k + index)) / index
  return ways
}
