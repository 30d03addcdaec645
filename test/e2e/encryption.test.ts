import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { GraphQLClient } from '../../examples/thousand-tasks/graphql-client.ts'
import { signIn } from '../../examples/thousand-tasks/story.ts'
import { filesWith } from '../db/encryption/files-with.ts'
import { keyLines } from '../db/encryption/keys-for-tests.ts'
import { demoEmail, demoPassword } from './demo.ts'
import { runEnnead, startEnnead, temporaryFolder } from './running-ennead.ts'

const createProject = 'mutation { createProject(input: {key: "SEC", name: "A project"}) { project { id } } }'
const createTask = `mutation($input: CreateTaskInput!, $key: String!) {
  createTask(input: $input, idempotencyKey: $key) { task { id } errors { code message } } }`
const shown = '{ tasks(first: 100) { nodes { title description } } }'

interface Shown {
  readonly tasks: { readonly nodes: readonly { readonly title: string; readonly description: string }[] }
}

const word = (): string => `word${randomBytes(8).toString('hex')}`

test(
  'keys are changed while Ennead runs, and what it keeps and exports is unreadable without them',
  { timeout: 180_000 },
  async () => {
    await using folder = await temporaryFolder()
    const [data, keyFile] = [join(folder.path, 'data'), join(folder.path, 'keys')]
    const [old = '', fresh = ''] = keyLines('2026-11', '2026-12')
    await writeFile(keyFile, `${old}\n`)
    const keyed = ['--encrypt', 'task.description', '--encryption-keys-file', keyFile]
    const texts = [word(), word(), word()] as const
    const title = word()
    const status = (...flags: readonly string[]) =>
      runEnnead(['encryption', 'status', '--data', data, '--format', 'json', ...flags])
    {
      await using ennead = await startEnnead(['start', '--port', '0', '--data', data, ...keyed])
      const client = new GraphQLClient(ennead.url)
      await signIn(client, { email: demoEmail, password: await demoPassword(data) })
      const { createProject: made } = await client.run<{ createProject: { project: { id: string } } }>(
        createProject,
        {},
      )
      const projectId = made.project.id
      const create = async (description: string): Promise<void> => {
        const created = await client.run<{ createTask: { errors: readonly unknown[] } }>(createTask, {
          input: { projectId, title, description },
          key: description,
        })
        expect(created.createTask.errors).toEqual([])
      }
      for (const text of texts) await create(text)
      const before = JSON.parse((await status()).stdout)
      const tasks = before.kinds.find(({ kind }: { kind: string }) => kind === 'task')
      expect(before).toMatchObject({ fields: ['task.description'], keys: ['2026-11'] })
      expect(tasks).toMatchObject({ byKey: { '2026-11': texts.length }, outdated: 0 })

      await writeFile(keyFile, `${fresh}\n${old}\n`)
      expect(await status()).toMatchObject({ code: 1 })
      const rotated = await runEnnead(['encryption', 'rotate', '--data', data])
      expect(rotated).toMatchObject({ code: 0, stderr: '' })
      // Other tasks have no description.
      expect(rotated.stdout).toContain(
        `tasks: ${tasks.records}, 3 with 2026-12; all as they are to be; 3 written anew`,
      )
      const { tasks: now } = await client.run<Shown>(shown, {})
      expect(now.nodes.map(({ description }) => description)).toEqual(expect.arrayContaining([...texts]))

      const [sealed, open] = [join(folder.path, 'sealed.ndjson'), join(folder.path, 'open.ndjson')]
      expect(await runEnnead(['export', '--data', data, '--output', sealed])).toMatchObject({ code: 0 })
      const exported = await readFile(sealed, 'utf8')
      expect(exported).toContain(title)
      for (const text of texts) expect(exported).not.toContain(text)
      expect(await runEnnead(['export', '--data', data, '--output', open, '--decrypt'])).toMatchObject({
        code: 0,
      })
      const decrypted = await readFile(open, 'utf8')
      for (const text of texts) expect(decrypted).toContain(text)
      expect(await ennead.stop()).toBe(0)
    }
    expect((await filesWith(data, title)).length).toBeGreaterThan(2)
    for (const text of texts) expect(await filesWith(data, text)).toEqual([])
  },
)
