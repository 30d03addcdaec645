/** One thing to measure: makes a call and resolves with its answer. */
export interface Case {
  readonly name: string
  /** Calls in one round. */
  readonly calls: number
  /** Calls under way at once. */
  readonly width: number
  readonly call: (input: number) => Promise<unknown>
}

/** How often the event loop may turn, as it does in a service: timers and deadlines are part of the cost. */
const callsPerTurn = 1_000

/**
 * CPU microseconds (user and system, all threads) a call of each case takes: the median of `rounds`, with the cases
 * interleaved, so that a noisy neighbour meets all of them.
 */
export async function measure(cases: readonly Case[], rounds: number): Promise<Map<string, number>> {
  const samples = new Map(cases.map(({ name }) => [name, [] as number[]]))
  for (const each of cases) await round(each)
  for (let number = 0; number < rounds; number++) {
    for (const each of cases) samples.get(each.name)?.push(await round(each))
  }
  return new Map([...samples].map(([name, values]) => [name, median(values)]))
}

async function round({ calls, width, call }: Case): Promise<number> {
  const before = process.cpuUsage()
  for (let made = 0; made < calls; made += callsPerTurn) {
    if (width === 1) await oneByOne(call, made)
    else await manyAtOnce(call, made, width)
    await new Promise(resolve => setImmediate(resolve))
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / calls
}

async function oneByOne(call: Case['call'], from: number): Promise<void> {
  for (let input = from; input < from + callsPerTurn; input++) {
    if ((await call(input)) !== input) throw new Error(`call ${input} answered something else`)
  }
}

async function manyAtOnce(call: Case['call'], from: number, width: number): Promise<void> {
  for (let input = from; input < from + callsPerTurn; input += width) {
    const running: Promise<unknown>[] = []
    for (let each = input; each < input + width; each++) running.push(call(each))
    await Promise.all(running)
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN
}
