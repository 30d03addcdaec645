/** One gateway in one scenario. */
export interface Sample {
  readonly gateway: string
  readonly scenario: string
  /** CPU microseconds a request, user and system, all threads. */
  readonly cpuUs: number
  /** Requests a second. */
  readonly rps: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly rssMiB: number
  /** Calls to subgraphs a request. */
  readonly calls: number
  readonly failed: number
}

/** The median of every figure over the rounds; failed requests of all rounds together. */
export function summary(samples: readonly Sample[]): readonly Sample[] {
  const groups = new Map<string, Sample[]>()
  for (const sample of samples) {
    const key = `${sample.scenario} ${sample.gateway}`
    groups.set(key, [...(groups.get(key) ?? []), sample])
  }
  return [...groups.values()].map(group => {
    const [{ gateway, scenario } = { gateway: '', scenario: '' }] = group
    const of = (figure: (sample: Sample) => number): number => rounded(median(group.map(figure)))
    return {
      gateway,
      scenario,
      cpuUs: of(({ cpuUs }) => cpuUs),
      rps: of(({ rps }) => rps),
      p50Ms: of(({ p50Ms }) => p50Ms),
      p99Ms: of(({ p99Ms }) => p99Ms),
      rssMiB: of(({ rssMiB }) => rssMiB),
      calls: of(({ calls }) => calls),
      failed: group.reduce((sum, { failed }) => sum + failed, 0),
    }
  })
}

/** The figures as a table, scenario by scenario, with how many times the CPU of Ennead each gateway takes. */
export function table(samples: readonly Sample[]): string {
  const lines = [
    'scenario   gateway        CPU µs  × ennead     RPS   p50 ms   p99 ms  RSS MiB  calls  failed',
  ]
  const scenarios = new Set(samples.map(({ scenario }) => scenario))
  for (const scenario of scenarios) {
    const group = samples.filter(sample => sample.scenario === scenario)
    const ours = group.find(({ gateway }) => gateway === 'ennead')
    for (const each of group) {
      const ratio = ours === undefined ? '' : (each.cpuUs / ours.cpuUs).toFixed(2)
      const figures = [
        [each.cpuUs.toFixed(0), 8],
        [ratio, 10],
        [each.rps.toFixed(0), 8],
        [each.p50Ms.toFixed(1), 9],
        [each.p99Ms.toFixed(1), 9],
        [each.rssMiB.toFixed(0), 9],
        [each.calls.toFixed(1), 7],
        [String(each.failed), 8],
      ] as const
      lines.push(
        scenario.padEnd(11) +
          each.gateway.padEnd(12) +
          figures.map(([text, width]) => text.padStart(width)).join(''),
      )
    }
  }
  return lines.join('\n')
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10
}
