import { join } from 'node:path'
import { type Key, open as openRaw } from 'lmdb'
import { expect, test } from 'vitest'
import { openTables } from '../../subgraphs/db/agents/nosql/lmdb-layout.ts'
import { tellDemoStory } from './demo.ts'
import { runEnnead, startEnnead, temporaryFolder } from './running-ennead.ts'

test(
  'doctor finds stores that agree, tells damage done by hand, and puts it right',
  { timeout: 180_000 },
  async () => {
    await using folder = await temporaryFolder()
    const data = ['--data', folder.path]
    await using first = await startEnnead(['start', '--port', '0', ...data])
    await tellDemoStory(first.url, folder.path, 60)
    const running = await runEnnead(['doctor', ...data])
    expect(running).toMatchObject({ code: 0, stderr: '' })
    expect(running.stdout).toMatch(
      /^sql .*PostgreSQL .* records looked at\nnosql .*LMDB[^]*\nthe stores agree\n$/,
    )
    expect(await first.stop()).toBe(0)

    const tables = openTables(join(folder.path, 'db', 'nosql'))
    const [lost, changed] = [...tables.records.getRange({ start: ['task'], end: ['taskz'] })]
    if (lost === undefined || changed?.value.kind !== 'task') throw new Error('the story has no tasks')
    await tables.records.remove(lost.key)
    await tables.records.put(changed.key, { ...changed.value, title: 'Changed by hand' })
    await tables.root.close()

    const stopped = await runEnnead(['doctor', ...data])
    expect(stopped).toMatchObject({ code: 1, stderr: '' })
    expect(stopped.stdout).toContain(`nosql task/${lost.value.id}: its place leads to no record;`)
    expect(stopped.stdout).toContain(
      `nosql task/${changed.value.id}: its task has another content than version`,
    )
    expect(stopped.stdout).toContain('2 differences; ennead doctor --repair puts 2 right\n')

    // Of the Ennead that runs, which has not noticed.
    await using second = await startEnnead(['start', '--port', '0', ...data])
    const repaired = await runEnnead(['doctor', '--repair', '--format', 'json', ...data])
    expect(repaired).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(repaired.stdout)).toMatchObject({
      findings: [],
      repaired: [{ key: `task/${lost.value.id}` }, { key: `task/${changed.value.id}` }],
    })
    expect(await second.stop()).toBe(0)
    expect(await runEnnead(['doctor', ...data])).toMatchObject({ code: 0 })

    const copy = openRaw<string, Key[]>({ path: join(folder.path, 'auth', 'issuer'), encoding: 'string' })
    const [user] = copy.getKeys({ start: ['record', 'user'], limit: 1 })
    if (user === undefined) throw new Error('the directory has no users')
    await copy.remove(user)
    await copy.close()
    const lacking = await runEnnead(['doctor', ...data])
    expect(lacking).toMatchObject({ code: 1, stderr: '' })
    expect(lacking.stdout).toContain('users  rbac and oauth: copies of the directory compared\n')
    expect(lacking.stdout).toContain(
      `oauth user/${String(user.at(-1))}: it lacks the user, which another copy has\n`,
    )
    expect(lacking.stdout).toContain('one difference; ennead doctor --repair puts 1 right\n')
    const mended = await runEnnead(['doctor', '--repair', ...data])
    expect(mended).toMatchObject({ code: 0, stderr: '' })
    expect(mended.stdout).toMatch(
      /\nrepaired {2}oauth user\/.*\none difference put right; the stores agree\n$/,
    )
  },
)

test(
  'a store that is gone is forgotten, one that follows only never votes, and nobody founds anew what decides',
  { timeout: 180_000 },
  async () => {
    await using folder = await temporaryFolder()
    const data = ['--data', folder.path]
    {
      await using founded = await startEnnead(['start', '--port', '0', ...data])
      expect(await founded.stop()).toBe(0)
    }
    const needless = await runEnnead(['doctor', '--found-on', 'sql', ...data])
    expect(needless).toMatchObject({ code: 2, stdout: '' })
    expect(needless.stderr).toContain('BAD_OPTION: sql, nosql and cache decide')

    await using running = await startEnnead(['start', '--port', '0', '--learner', 'cache', ...data])
    const before = await runEnnead(['doctor', ...data])
    expect(before).toMatchObject({ code: 0, stderr: '' })
    expect(before.stdout).toContain(
      'cache has none (a learner by its settings), and still counts as a member',
    )
    const after = await runEnnead(['doctor', '--forget', 'cache', ...data])
    expect(after).toMatchObject({ code: 0, stderr: '' })
    expect(after.stdout).toMatch(
      /^votes {2}sql and nosql decide; cache has none \(a learner by its settings\)$/m,
    )
    const there = await runEnnead(['doctor', '--forget', 'nosql', ...data])
    expect(there).toMatchObject({ code: 2, stdout: '' })
    expect(there.stderr).toContain('nosql is there and would have its vote again at once: switch it off')
    expect(await running.stop()).toBe(0)

    const tooMany = await runEnnead(['start', '--port', '0', '--learner', 'nosql,cache', ...data])
    expect(tooMany).toMatchObject({ code: 2, stdout: '' })
    expect(tooMany.stderr).toContain('more stores must vote than follow only')
  },
)

test('doctor says what it cannot look at', async () => {
  await using folder = await temporaryFolder()
  const nothing = await runEnnead(['doctor', '--data', join(folder.path, 'nothing')])
  expect(nothing).toMatchObject({ code: 1, stdout: '' })
  expect(nothing.stderr).toContain('NOT_RUNNING')
  expect(await runEnnead(['doctor', '--format', 'yaml'])).toMatchObject({ code: 2 })
  const away = 'postgres://nobody@127.0.0.1:1/nothing'
  const closed = await runEnnead(['doctor', '--data', folder.path, '--database-url', away])
  expect(closed).toMatchObject({ code: 1 })
  expect(closed.stdout).toContain('sql: it takes no part: PostgreSQL at 127.0.0.1:1 cannot be reached')
})
