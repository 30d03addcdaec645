import { expect, test } from 'vitest'
import { all, failover, hedge, quorum, race } from '../../dispatch/policy.ts'
import type { Policy } from '../../dispatch/policy.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { settled } from '../support/manual-clock.ts'
import { acting, desk, domain, eventsOf } from './desk.ts'
import type { Desk } from './desk.ts'

function desks(names: string): Desk[] {
  return names.split('').map(name => desk(name))
}

function ordered(policy: Policy): { read: Policy } {
  return { read: { ...policy, preference: 'order' } }
}

/** How often each desk was asked. */
function asked(agents: readonly Desk[]): number[] {
  return agents.map(({ work }) => work.length)
}

function at(agents: readonly Desk[], index: number): Desk {
  const found = agents[index]
  if (found === undefined) throw new Error(`no desk ${index}`)
  return found
}

test('a hedge asks a second agent after its delay, the first answer wins and the other agent is told to stop', async () => {
  const agents = desks('abc')
  const { dispatcher, clock } = domain(
    agents.map(({ agent }) => agent),
    { policies: ordered(hedge(10)) },
  )
  const call = dispatcher.call('read', 'x')
  const { signal } = at(agents, 0).last().attempt
  await clock.run(9)
  expect(asked(agents)).toEqual([1, 0, 0])
  await clock.run(1)
  expect(asked(agents)).toEqual([1, 1, 0])
  at(agents, 1).last().answer('from b')
  expect(await call).toBe('from b')
  expect(signal.reason).toMatchObject({ code: 'CANCELLED' })
  await clock.run(10)
  expect(asked(agents)).toEqual([1, 1, 0])
})

test('a quick answer costs no hedge', async () => {
  const agents = desks('ab')
  const { dispatcher, clock } = domain(
    agents.map(({ agent }) => agent),
    { policies: ordered(hedge(10)) },
  )
  const call = dispatcher.call('read', 'x')
  at(agents, 0).last().answer('quick')
  await call
  await clock.run(100)
  expect(asked(agents)).toEqual([1, 0])
})

test('a p95 hedge follows what the operation takes: 1 in 20 answers of an even agent is slower than its delay', async () => {
  const slow = acting('a', () => {
    const tookMs = (answered++ * 7) % 20
    return new Promise(resolve => clock.after(tookMs, () => resolve('ok')))
  })
  let answered = 0
  const { dispatcher, clock, events } = domain([slow, acting('b', () => Promise.resolve('ok'))], {
    policies: ordered(hedge()),
  })
  const hedged = (): number =>
    eventsOf(events, 'attemptStarted').filter(event => event.reason === 'hedge').length
  for (let call = 0; call < 256; call++) {
    const answer = dispatcher.call('read', 'x')
    await clock.run(20)
    await answer
  }
  const before = hedged()
  for (let call = 0; call < 400; call++) {
    const answer = dispatcher.call('read', 'x')
    await clock.run(20)
    await answer
  }
  const share = (hedged() - before) / 400
  expect(share).toBeGreaterThan(0)
  expect(share).toBeLessThanOrEqual(0.1)
})

test('under hedges a hanging agent is found out and opens, although every one of its attempts is overtaken', async () => {
  const hang = acting('hang', () => new Promise(() => undefined))
  const { dispatcher, clock, events } = domain([hang, acting('b', () => Promise.resolve('ok'))], {
    policies: ordered(hedge(5)),
  })
  for (let call = 0; call < 50; call++) {
    const answer = dispatcher.call('read', 'x')
    await clock.run(60)
    expect(await answer).toBe('ok')
  }
  expect(eventsOf(events, 'opened')).toContainEqual(
    expect.objectContaining({ of: { is: 'agent', name: 'hang' } }),
  )
})

test('under hedges a slow agent loses nearly all its calls, and does not open', async () => {
  const answersIn = (name: string, ms: number): ReturnType<typeof acting> =>
    acting(name, () => new Promise(resolve => clock.after(ms, () => resolve(name))))
  const { dispatcher, clock, events } = domain([answersIn('slow', 40), answersIn('quick', 1)], {
    policies: { read: hedge(5) },
  })
  for (let call = 0; call < 500; call++) {
    const answer = dispatcher.call('read', 'x')
    await clock.run(10)
    await answer
  }
  const slow = eventsOf(events, 'attemptStarted').filter(event => event.agent === 'slow').length
  expect(slow).toBeLessThan(50)
  expect(eventsOf(events, 'opened')).toEqual([])
})

test('one call that a hedge had to save is enough for the next ones to go to the other agent first', async () => {
  const agents = desks('ab')
  const { dispatcher, clock } = domain(
    agents.map(({ agent }) => agent),
    { policies: { read: hedge(20) } },
  )
  const saved = dispatcher.call('read', 'x')
  await clock.run(20)
  expect(asked(agents)).toEqual([1, 1])
  await clock.run(2)
  at(agents, 1).last().answer('from b')
  await saved
  const next = dispatcher.call('read', 'x')
  expect(asked(agents)).toEqual([1, 2])
  at(agents, 1).last().answer('from b')
  await next
})

test('hedges stop when half of the budget is used, so that retries still can', async () => {
  const slow = (name: string): ReturnType<typeof acting> =>
    acting(name, () => new Promise(resolve => clock.after(30, () => resolve(name))))
  const { dispatcher, clock, events } = domain([slow('a'), slow('b')], {
    policies: { read: hedge(5) },
    budgetMax: 10,
    budgetPerCall: 0,
    budgetPerSecond: 0,
  })
  for (let call = 0; call < 20; call++) {
    const answer = dispatcher.call('read', 'x')
    await clock.run(60)
    await answer
  }
  expect(eventsOf(events, 'attemptStarted').filter(event => event.reason === 'hedge')).toHaveLength(5)
  expect(dispatcher.usage().budget).toBe(5)
})

test('a race asks two agents at once and the loser is stopped', async () => {
  const agents = desks('abc')
  const { dispatcher } = domain(
    agents.map(({ agent }) => agent),
    { policies: ordered(race(2)) },
  )
  const call = dispatcher.call('read', 'x')
  expect(asked(agents)).toEqual([1, 1, 0])
  const { signal } = at(agents, 0).last().attempt
  at(agents, 1).last().answer('from b')
  expect(await call).toBe('from b')
  expect(signal.aborted).toBe(true)
})

test('a quorum of 2 answers what two agents say alike, whatever the order of their keys', async () => {
  const answers: unknown[] = [{ id: 1, title: 'x' }, 'wrong', { title: 'x', id: 1 }]
  const agents = answers.map((answer, index) =>
    // The test port says string; a quorum compares any structure.
    acting(`agent ${index}`, () => Promise.resolve(answer as never)),
  )
  const { dispatcher, events } = domain(agents, { policies: ordered(quorum()) })
  expect(await dispatcher.call('read', 'x')).toEqual({ id: 1, title: 'x' })
  expect(eventsOf(events, 'disagreed')).toMatchObject([{ answers: 2 }])
})

test('a quorum that cannot agree fails, and no agent votes twice', async () => {
  const agents = ['a', 'b', 'c'].map(name => acting(name, () => Promise.resolve(name)))
  const { dispatcher, events } = domain(agents, { policies: ordered(quorum()) })
  await expect(dispatcher.call('read', 'x')).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: 'the test domain could not do read: agents do not agree',
  })
  expect(eventsOf(events, 'attemptStarted').map(event => event.agent)).toEqual(['a', 'b', 'c'])
})

test('a quorum asks the third agent when one of two fails', async () => {
  const agents = desks('abc')
  const { dispatcher } = domain(
    agents.map(({ agent }) => agent),
    { policies: ordered(quorum()) },
  )
  const call = dispatcher.call('read', 'x')
  at(agents, 0).last().fail(new Error('down'))
  await settled()
  at(agents, 1).last().answer('same')
  at(agents, 2).last().answer('same')
  expect(await call).toBe('same')
})

test('a quorum larger than the agents that have the operation is refused by name and number', async () => {
  const { dispatcher } = domain([desk('a').agent, desk('b', ['write']).agent], {
    policies: ordered(quorum()),
  })
  await expect(dispatcher.call('read', 'x')).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: 'the test domain needs 2 agents and has 1 for read',
  })
})

test('a comparison that throws loses the vote, not the call', async () => {
  const failing = quorum(2, () => {
    throw new Error('cannot compare')
  })
  const agents = ['a', 'b'].map(name => acting(name, () => Promise.resolve(name)))
  const { dispatcher } = domain(agents, { policies: ordered(failing) })
  await expect(dispatcher.call('read', 'x')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(dispatcher.usage().callsRunning).toBe(0)
})

test('all asks every agent, answers when enough have, and lets the others finish', async () => {
  const agents = desks('abc')
  const { dispatcher } = domain(
    agents.map(({ agent }) => agent),
    { policies: ordered(all(3, 2)) },
  )
  const call = dispatcher.call('read', 'x')
  expect(asked(agents)).toEqual([1, 1, 1])
  at(agents, 0).last().answer('first')
  at(agents, 2).last().answer('second')
  expect(await call).toBe('second')
  expect(at(agents, 1).last().attempt.signal.aborted).toBe(false)
  expect(dispatcher.usage().agents).toMatchObject([{ running: 0 }, { running: 1 }, { running: 0 }])
  at(agents, 1).last().answer('third')
  await settled()
  expect(dispatcher.usage().agents[1]).toMatchObject({ running: 0 })
})

test('all fails when too few can answer', async () => {
  const dead = acting('dead', () => Promise.reject(new Error('down')))
  const { dispatcher } = domain([acting('a', () => Promise.resolve('ok')), dead], {
    policies: ordered(all(2)),
  })
  await expect(dispatcher.call('read', 'x')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})

test('load sends calls to the quicker agent and spreads them over equals', async () => {
  const answersIn = (name: string, ms: number): ReturnType<typeof acting> =>
    acting(name, () => new Promise(resolve => clock.after(ms, () => resolve(name))))
  const { dispatcher, clock } = domain([answersIn('slow', 30), answersIn('x', 2), answersIn('y', 2)], {
    random: Math.random,
  })
  const counts = new Map<string, number>()
  for (let call = 0; call < 600; call++) {
    const answer = dispatcher.call('read', 'x')
    await clock.run(30)
    const name = await answer
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  expect(counts.get('slow') ?? 0).toBeLessThan(60)
  expect(counts.get('x') ?? 0).toBeGreaterThan(150)
  expect(counts.get('y') ?? 0).toBeGreaterThan(150)
})

test('an agent that has never answered gets one call until it does', async () => {
  const agents = desks('ab')
  const { dispatcher, clock } = domain(agents.map(({ agent }) => agent))
  const first = dispatcher.call('read', 'x')
  const second = dispatcher.call('read', 'x')
  await clock.run(5)
  at(agents, 1).last().answer('from b')
  await second
  const more = [1, 2, 3, 4].map(number => dispatcher.call('read', `${number}`))
  expect(asked(agents)).toEqual([1, 5])
  for (const { work } of agents) for (const { answer } of work) answer('ok')
  await Promise.all([first, ...more])
})

test('after one timeout the next calls go to the other agent first', async () => {
  const agents = desks('ab')
  const { dispatcher, clock } = domain(agents.map(({ agent }) => agent))
  const slow = dispatcher.call('read', 'x')
  await clock.run(50)
  await clock.run(2)
  at(agents, 1).last().answer('from b')
  await slow
  const next = dispatcher.call('read', 'x')
  expect(asked(agents)).toEqual([1, 2])
  at(agents, 1).last().answer('from b')
  await next
})

test('an agent that fails fast does not draw the calls', async () => {
  const broken = acting('broken', () => Promise.reject(new EnneadError('OVERLOADED', 'full')))
  const steady = acting('steady', () => new Promise(resolve => clock.after(5, () => resolve('ok'))))
  const { dispatcher, clock, events } = domain([broken, steady], { policies: { read: failover } })
  for (let call = 0; call < 200; call++) {
    const answer = dispatcher.call('read', 'x')
    await clock.run(10)
    expect(await answer).toBe('ok')
  }
  const wasted = eventsOf(events, 'attemptStarted').filter(event => event.agent === 'broken').length
  expect(wasted).toBeLessThan(20)
})
