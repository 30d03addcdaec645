import { parseArgs } from 'node:util'

export interface BenchSettings {
  /** Names of gateways; undefined: all. */
  readonly gateways: readonly string[] | undefined
  /** Names of scenarios; undefined: all. */
  readonly scenarios: readonly string[] | undefined
  readonly rounds: number
  readonly warmSeconds: number
  /** Warming goes on until a gateway has answered this many, for four times as long at most: code is optimised by use. */
  readonly warmRequests: number
  readonly seconds: number
  readonly connections: number
}

/** Reads `--short`, `--only a,b`, `--scenarios a,b`, `--rounds N`, `--seconds N`, `--connections N`. */
export function benchSettings(): BenchSettings {
  const { values } = parseArgs({
    options: {
      short: { type: 'boolean', default: false },
      only: { type: 'string' },
      scenarios: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      connections: { type: 'string', default: '64' },
    },
  })
  return {
    gateways: values.only?.split(','),
    scenarios: values.scenarios?.split(','),
    rounds: Number(values.rounds ?? (values.short ? 1 : 3)),
    warmSeconds: values.short ? 1.5 : 4,
    warmRequests: values.short ? 1_000 : 4_000,
    seconds: Number(values.seconds ?? (values.short ? 2 : 5)),
    connections: Number(values.connections),
  }
}
