import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { metricsOf } from '../../cli/wiring/metrics.ts'

const document = readFileSync(join(import.meta.dirname, '../../docs/metrics.md'), 'utf8')

function unread(): never {
  throw new Error('nobody reads a value here')
}

/** The labels of every metric that a process can serve; undefined where it does not show them before it has counted. */
function served(): ReadonlyMap<string, string | undefined> {
  const registry = new Registry()
  const metrics = metricsOf(registry, '')
  metrics.gateway()
  metrics.readings({ health: unread, admission: unread, socketCount: 0 })
  metrics.certificates([])
  metrics.sightings(unread)
  metrics.threats(unread)
  metrics.sweep(unread)
  metrics.dispatchers(undefined)
  const own = registry.getMetricsAsArray().filter(({ name }) => !/^(?:process|nodejs)_/.test(name))
  return new Map(
    own.map(metric => {
      const labels: unknown = 'labelNames' in metric ? metric.labelNames : undefined
      return [metric.name, Array.isArray(labels) ? labels.map(String).toSorted().join() : undefined]
    }),
  )
}

/** The same as the table has them; `…_b` after `x_a` is `x_b`, and `…_b_total` after `x_a_total` is `x_b_total`. */
function documented(): ReadonlyMap<string, string> {
  const rows = [...document.matchAll(/^\| (`[a-z].*?)\s*\| (.*?)\s*\|/gm)]
  const entries = rows.flatMap(([, names = '', labels = '']) => {
    const [first = '', ...others] = [...names.matchAll(/`(.+?)`/g)].map(([, name = '']) => name)
    if (first.endsWith('*')) return []
    const listed = [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label)
    const full = [first, ...others.map(other => expanded(first, other))]
    return full.map(name => [name, listed.toSorted().join()] as const)
  })
  return new Map(entries)
}

function expanded(first: string, other: string): string {
  const end = other.replace('…', '')
  const words = end.split('_').length - 1
  return `${first.split('_').slice(0, -words).join('_')}${end}`
}

test('docs/metrics.md names every metric that a process serves, with its labels, and no other', () => {
  const [told, known] = [documented(), served()]
  expect([...told.keys()].toSorted()).toEqual([...known.keys()].toSorted())
  for (const [name, labels] of known) {
    if (labels !== undefined) expect(`${name} ${told.get(name)}`).toBe(`${name} ${labels}`)
  }
})
