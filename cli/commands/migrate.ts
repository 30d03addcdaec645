import { EnneadError } from '../../kernel/errors.ts'
import { readSettings } from '../../kernel/settings.ts'
import type { StoreLayout } from '../../subgraphs/db/layout.ts'
import type { Command } from '../command.ts'
import { exitCodes } from '../failure.ts'
import { helpText } from '../help.ts'
import { migrateSettings } from '../migrate/migrate-settings.ts'
import { openLayouts } from '../migrate/open-layouts.ts'

const summary =
  'Shows how the stores and the directory lay out their data, and brings them to a newer or an older layout.'

const examples = [
  ['ennead migrate status', 'the layout of each store, and what this Ennead knows'],
  ['ennead migrate up', 'to the newest; every start does it by itself'],
  ['ennead migrate down --store sql --to 2', 'before an older Ennead is started again'],
] as const

export const migrate: Command = {
  summary,
  async run(argv) {
    const about = `${summary} Stop Ennead first. Exit code 1 of status: some store is not of the newest layout.`
    const help = helpText(argv, 'migrate status|up|down [flags]', about, migrateSettings, examples)
    if (help !== undefined) {
      process.stdout.write(help)
      return exitCodes.done
    }
    const [verb, ...rest] = argv
    if (verb !== 'status' && verb !== 'up' && verb !== 'down') {
      throw new EnneadError('BAD_OPTION', 'what? ennead migrate status, up or down')
    }
    const settings = readSettings(migrateSettings, rest, process.env)
    const { to, store } = settings
    if (verb === 'down' && (to === 0 || store === '')) {
      throw new EnneadError('BAD_OPTION', 'down needs --store and the layout to go back to, --to')
    }
    if (to > 0 && store === '')
      throw new EnneadError('BAD_OPTION', '--to needs --store: each has layouts of its own')
    await using opened = await openLayouts(settings)
    if (verb !== 'status') {
      for (const [name, layout] of opened.layouts) await move(name, layout, verb, to)
    }
    const rows = await Promise.all([...opened.layouts].map(([name, layout]) => rowOf(name, layout)))
    process.stdout.write(settings.format === 'json' ? `${JSON.stringify(rows)}\n` : rows.map(lineOf).join(''))
    const isNewest = rows.every(({ layout, newest }) => layout === newest || layout === 0)
    return verb !== 'status' || isNewest ? exitCodes.done : exitCodes.failed
  },
}

interface Row {
  readonly store: string
  readonly detail: string
  /** 0: it has no data. */
  readonly layout: number
  readonly newest: number
  readonly steps: StoreLayout['steps']
}

async function move(name: string, layout: StoreLayout, verb: 'up' | 'down', asked: number): Promise<void> {
  const present = await layout.present()
  const to = asked === 0 ? layout.steps.length : asked
  // What is not there yet is made by the first start.
  if (present === 0) return
  if (verb === 'up' ? to < present && present <= layout.steps.length : to > present) {
    throw new EnneadError('BAD_OPTION', `${name} is of layout ${present}: ${to} is not ${verb} from there`)
  }
  await layout.move(to, (step, direction) => {
    process.stderr.write(
      `${name}: ${direction === 'up' ? 'made' : 'taken back'} ${step.version} (${step.name})\n`,
    )
  })
}

async function rowOf(store: string, layout: StoreLayout): Promise<Row> {
  const { detail, steps } = layout
  return { store, detail, layout: await layout.present(), newest: steps.length, steps }
}

function lineOf({ store, detail, layout, newest, steps }: Row): string {
  const name = steps.find(({ version }) => version === layout)?.name
  const standing =
    layout === 0
      ? 'no data yet'
      : layout > newest
        ? `layout ${layout}, of a newer Ennead: this one knows up to ${newest}`
        : `layout ${layout} of ${newest} (${name ?? ''})`
  return `${store.padEnd(11)}${standing.padEnd(45)} ${detail}\n`
}
