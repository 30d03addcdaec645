/** A table for people of what /health/ready of a gateway or a subgraph answered: one line an agent or subgraph. */
export function statusTable(health: unknown): string {
  const rows: string[][] = []
  for (const domain of list(health, 'domains').concat(list(health, 'agents').length > 0 ? [health] : [])) {
    const reason = text(domain, 'reason')
    if (reason !== '') rows.push([text(domain, 'domain'), 'not ready', reason])
    for (const agent of [...list(domain, 'agents'), ...list(domain, 'background')]) {
      rows.push([
        `${text(domain, 'domain')}.${text(agent, 'name')}`,
        text(agent, 'state'),
        text(agent, 'detail'),
      ])
    }
  }
  for (const subgraph of list(member(health, 'gateway'), 'subgraphs')) {
    rows.push([`subgraph ${text(subgraph, 'name')}`, text(subgraph, 'state'), text(subgraph, 'detail')])
  }
  const certificates = list(health, 'certificates').concat(member(health, 'certificate') ?? [])
  for (const certificate of certificates) {
    const expires = `expires ${text(certificate, 'expiresAt')}`
    rows.push([`certificate ${text(certificate, 'name')}`, text(certificate, 'state'), expires])
  }
  const widths = [0, 1].map(column => Math.max(0, ...rows.map(row => row[column]?.length ?? 0)))
  const lines = rows.map(([name = '', state = '', detail = '']) =>
    `${name.padEnd(widths[0] ?? 0)}  ${state.padEnd(widths[1] ?? 0)}  ${detail}`.trimEnd(),
  )
  const ready = member(health, 'ready') === true ? 'ready' : 'not ready'
  return `${[...lines, ready].join('\n')}\n`
}

function member(value: unknown, name: string): unknown {
  // Any object can be looked into by name; what is found is still unknown.
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

function list(value: unknown, name: string): readonly unknown[] {
  const found = member(value, name)
  return Array.isArray(found) ? found : []
}

/** Control characters would let an answer forge lines. */
function text(value: unknown, name: string): string {
  const found = member(value, name)
  return typeof found === 'string' ? found.replaceAll(/\p{Cc}/gu, ' ') : ''
}
