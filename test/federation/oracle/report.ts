import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadSupergraph } from '../../../gateway/supergraph/supergraph.ts'
import { ApolloPlanner } from '../../../gateway/planning/apollo-planner.ts'
import type { Found } from './fuzz.ts'
import { fingerprint } from './resolvers.ts'
import { subgraphSdls } from './sdl.ts'
import { Trial } from './trial.ts'

/** Cases that were found; the suite replays each. */
export const foundFolder = join(import.meta.dirname, 'found')

/** Everything one needs to understand a fault, on one page. */
export async function describeFound(found: Found): Promise<string> {
  const { model, request, outcome, seed } = found
  const { variant } = outcome
  const sdls = [...subgraphSdls(model)].map(([name, sdl]) => `--- subgraph ${name}\n${sdl}`)
  const operation = `--- operation\n${request.query}\nvariables ${JSON.stringify(request.variables ?? {})}`
  return [
    `${variant.name} ${variant.tier}, seed ${seed}: ${outcome.fault?.kind ?? 'no fault'}: ${outcome.fault?.detail ?? ''}`,
    ...sdls,
    operation,
    `--- one schema answers\n${JSON.stringify(outcome.expected)}`,
    `--- the gateway answers\n${JSON.stringify(outcome.answer)}`,
    `--- Apollo's plan, without the gateway's corrections\n${await planOf(found)}`,
  ].join('\n')
}

/** Keeps the case as a file that the suite replays; answers its path. */
export function saveFound({ model, request }: Found): string {
  mkdirSync(foundFolder, { recursive: true })
  const path = join(foundFolder, `${fingerprint(model)}.json`)
  writeFileSync(path, `${JSON.stringify({ model, request }, null, 2)}\n`)
  return path
}

async function planOf({ model, request }: Found): Promise<string> {
  const trial = new Trial(model, [])
  const planner = new ApolloPlanner(loadSupergraph(trial.supergraph))
  try {
    const { operationName } = request
    const plan = await planner.plan({ text: request.query, operationName })
    return JSON.stringify(plan.root, null, 1)
  } catch (failure) {
    return `there is none: ${String(failure)}`
  } finally {
    await planner.close()
  }
}
