import type { HealthReport } from '../../gateway/http/gateway-options.ts'

type Report = () => HealthReport | Promise<HealthReport>

/** What several have to say of the readiness of a gateway: it is ready when all of them say so. Undefined: nobody has. */
export function jointHealth(
  reports: readonly (Report | undefined)[],
): (() => Promise<HealthReport>) | undefined {
  const asked = reports.filter(report => report !== undefined)
  if (asked.length === 0) return undefined
  return async () => {
    const parts = await Promise.all(asked.map(async report => report()))
    let joint: HealthReport = { ready: true }
    for (const part of parts) joint = { ...joint, ...part, ready: joint.ready && part.ready }
    return joint
  }
}
