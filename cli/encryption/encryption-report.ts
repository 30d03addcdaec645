import { type EncryptionPage, encryptedKinds } from '../../subgraphs/db/encryption/renew.ts'
import { grouped } from '../transfer/counted.ts'
import type { Deployment } from '../transfer/deployment.ts'
import type { EncryptionFacts } from './encryption-commands.ts'

/** How all records of a kind are stored. */
export interface KindReport extends Omit<EncryptionPage, 'next'> {
  readonly kind: string
}

export interface EncryptionReport extends EncryptionFacts {
  readonly kinds: readonly KindReport[]
}

/** Walks over all records; with `renew` it writes those anew that are not as they would be now. */
export async function walk(
  deployment: Deployment,
  renew: boolean,
  onRecords: (records: number) => void,
): Promise<EncryptionReport> {
  // Answered by the handlers in encryption-commands.ts; so below.
  const facts = (await deployment.ask('encryption/facts', {})) as EncryptionFacts
  const kinds: KindReport[] = []
  let seen = 0
  for (const kind of encryptedKinds) {
    let sum: KindReport = { kind, records: 0, byKey: {}, outdated: 0, locked: {}, renewed: 0 }
    for (let afterId: string | undefined = ''; afterId !== undefined;) {
      const page = (await deployment.ask('encryption/page', { kind, afterId, renew })) as EncryptionPage
      sum = {
        kind,
        records: sum.records + page.records,
        byKey: added(sum.byKey, page.byKey),
        outdated: sum.outdated + page.outdated,
        locked: added(sum.locked, page.locked),
        renewed: sum.renewed + page.renewed,
      }
      seen += page.records
      onRecords(seen)
      afterId = page.next
    }
    kinds.push(sum)
  }
  return { ...facts, kinds }
}

/** The report with what an earlier walk wrote anew. */
export function withRenewed(
  report: EncryptionReport,
  earlier: EncryptionReport | undefined,
): EncryptionReport {
  const kinds = report.kinds.map((one, index) => ({ ...one, renewed: earlier?.kinds[index]?.renewed ?? 0 }))
  return { ...report, kinds }
}

/** Is everything stored as it would be stored now? Receipts expire by themselves. */
export function isCurrent({ kinds }: EncryptionReport): boolean {
  return kinds.every(({ kind, outdated }) => kind === 'receipt' || outdated === 0)
}

export function textOf(report: EncryptionReport): string {
  const { fields, keys, kinds } = report
  const others = keys.slice(1)
  const lines = [
    fields.length === 0
      ? 'nothing is to be encrypted'
      : `encrypted: ${fields.join(', ')}, with the key ${keys[0]}`,
    ...(others.length === 0 ? [] : [`keys that decrypt only: ${others.join(', ')}`]),
    ...kinds.map(lineOf),
    ...kinds.flatMap(({ kind, locked }) =>
      Object.entries(locked).map(
        ([id, count]) =>
          `${kind}s: ${grouped(count)} cannot be opened: the key "${id}" is not among the encryption keys; put it back, nothing was changed in them`,
      ),
    ),
  ]
  const unused = others.filter(id => kinds.every(({ byKey }) => byKey[id] === undefined))
  if (unused.length > 0) lines.push(`no record needs ${unused.join(', ')} any more`)
  return lines.map(line => `${line}\n`).join('')
}

function lineOf({ kind, records, byKey, outdated, renewed }: KindReport): string {
  const parts = Object.entries(byKey).map(([id, count]) => `${grouped(count)} with ${id}`)
  const left =
    outdated === 0
      ? 'all as they are to be'
      : kind === 'receipt'
        ? `${grouped(outdated)} of before, which expire by themselves`
        : `${grouped(outdated)} not as they are to be: ennead encryption rotate writes them anew`
  const done = renewed === 0 ? '' : `; ${grouped(renewed)} written anew`
  return `${kind}s: ${grouped(records)}${parts.map(part => `, ${part}`).join('')}; ${left}${done}`
}

function added(
  some: Readonly<Record<string, number>>,
  more: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const sums = new Map(Object.entries(some))
  for (const [id, count] of Object.entries(more)) sums.set(id, (sums.get(id) ?? 0) + count)
  return Object.fromEntries(sums)
}
