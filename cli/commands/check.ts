import { readFile, writeFile } from 'node:fs/promises'
import { readAcceptedChanges } from '../../checks/accepted/accepted-changes.ts'
import { lintSchemas } from '../../checks/lint/lint-schemas.ts'
import { readOperations } from '../../checks/operations/read-operations.ts'
import { comparePlans } from '../../checks/plans/compare-plans.ts'
import type { CheckReport } from '../../checks/report/check-report.ts'
import { formatReport } from '../../checks/report/format-report.ts'
import { counted } from '../../checks/report/report-diagnostics.ts'
import { acceptanceEntries } from '../../checks/report/summary.ts'
import { compositionReport, runCheck, withPlans } from '../../checks/run-check.ts'
import type { Diagnostic } from '../../composition/diagnostic.ts'
import { ApolloPlanner } from '../../gateway/planning/apollo-planner.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { readSettings } from '../../kernel/settings.ts'
import type { SettingsOf } from '../../kernel/settings.ts'
import { readBaseline } from '../check/baseline.ts'
import { checkSettings } from '../check/check-settings.ts'
import { composedGraph } from '../check/graph.ts'
import type { Graph } from '../check/graph.ts'
import { newHints } from '../check/new-hints.ts'
import type { Command } from '../command.ts'
import { exitCodeOfComposition } from '../composition-report.ts'
import { exitCodes } from '../failure.ts'
import { helpText } from '../help.ts'
import { Progress, progressText } from '../progress.ts'
import { terminalOf } from '../terminal.ts'

const summary =
  'Says whether a change of the schemas breaks clients: which operations, how much traffic, which line.'

const examples = [
  ['ennead check --against main', 'compares the working copy with a branch, assuming the worst'],
  ['ennead check --against main --operations operations.jsonl', 'by what clients really send'],
  ['ennead check --against https://api.example.com/graphql', 'compares with what runs'],
  ['ennead check --against main --format github', 'annotates the lines of a pull request'],
] as const

type Settings = SettingsOf<typeof checkSettings>

export const check: Command = {
  summary,
  async run(argv) {
    const help = helpText(argv, 'check --against WHAT [flags]', summary, checkSettings, examples)
    if (help !== undefined) {
      process.stdout.write(help)
      return exitCodes.done
    }
    const settings = readSettings(checkSettings, argv, process.env)
    if (settings.against === undefined)
      throw new EnneadError(
        'BAD_OPTION',
        '--against is needed: a git ref, a file or a URL, e.g. --against main',
      )
    const progress = new Progress(terminalOf(process.stderr, process.env), part => process.stderr.write(part))
    try {
      return await compare(settings, settings.against, progress)
    } finally {
      progress.clear()
    }
  },
}

async function compare(settings: Settings, against: string, progress: Progress): Promise<number> {
  const { config, failOn } = settings
  const next = await composedGraph(
    config,
    file => file,
    (done, of) => progress.show(progressText(done, of)),
  )
  if (!next.ok) {
    const errors = next.failure.diagnostics.filter(({ severity }) => severity === 'error')
    progress.clear()
    await write(compositionReport({ against, config }, errors, failOn), settings)
    return exitCodeOfComposition(next.failure)
  }
  progress.show(`reading what to compare with: ${against} …`)
  const base = await readBaseline({ against, config, header: settings.againstHeader })
  progress.show('reading operations and comparing …')
  const recorded = settings.operations.length === 0 ? undefined : await readOperations(settings.operations)
  const { selected, ...report } = runCheck({
    against,
    config,
    base,
    next: next.graph,
    operations: recorded?.operations,
    filter: settings,
    accepted: await accepted(settings.accept),
    failOn,
    findings: [
      ...newHints(base.hints, next.graph.hints, settings.hints),
      ...lintSchemas(base.sources, next.graph.sources ?? [], settings.lint),
      ...(recorded?.notices ?? []),
      ...omittedNotice(recorded?.omitted ?? 0, settings.operations),
    ],
    nowMs: Date.now(),
  })
  const plans = await plansOf(base, next.graph, selected, settings.plansMax, progress)
  progress.clear()
  await write(withPlans(report, plans), settings)
  return report.outcome === 'passed' ? exitCodes.done : exitCodes.failed
}

async function plansOf(
  base: Graph,
  next: Graph,
  operations: Parameters<typeof comparePlans>[0]['operations'],
  plansMax: number,
  progress: Progress,
): Promise<CheckReport['plans']> {
  if (base.supergraph === undefined || next.supergraph === undefined) return undefined
  if (operations.length === 0 || plansMax === 0) return undefined
  const planners = { base: new ApolloPlanner(base.supergraph), next: new ApolloPlanner(next.supergraph) }
  return comparePlans({
    ...planners,
    operations,
    plansMax,
    progress: (done, of) => progress.show(`planning operations, ${done} of ${of} …`),
  })
}

async function accepted(file: string | undefined): Promise<Parameters<typeof runCheck>[0]['accepted']> {
  if (file === undefined) return undefined
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new EnneadError('ACCEPTED_UNREADABLE', `--accept ${file} cannot be read`, { cause })
  })
  return { file, entries: readAcceptedChanges(text, file) }
}

function omittedNotice(omitted: number, logs: readonly string[]): readonly Diagnostic[] {
  if (omitted === 0) return []
  const message = `the operation log left ${counted(omitted, 'request')} uncounted, since more different operations came than it keeps; some clients may not be in it`
  const locations = logs.map(file => ({ subgraph: undefined, file, line: 1, column: 1, text: undefined }))
  return [{ severity: 'warning', code: 'OPERATIONS_OMITTED', message, locations }]
}

async function write(report: CheckReport, { format, output, accept }: Settings): Promise<void> {
  const display = terminalOf(process.stdout, process.env)
  const text = formatReport(
    report,
    format,
    output === undefined ? display : { colour: false, width: undefined },
  )
  const entries = format === 'pretty' ? acceptanceEntries(report, Date.now()) : []
  const howToAccept =
    entries.length === 0
      ? ''
      : `\nTo let ${entries.length === 1 ? 'it' : 'them'} pass all the same, ${accept === undefined ? 'write to a file and name it with --accept' : `add to ${accept}`}:\n\naccepted:\n${entries.slice(0, 10).join('\n')}\n`
  if (output === undefined) process.stdout.write(`${text}${howToAccept}`)
  else {
    await writeFile(output, text).catch((cause: unknown) => {
      throw new EnneadError('OUTPUT_UNWRITABLE', `--output ${output} cannot be written`, { cause })
    })
  }
}
