import { integer, text } from '../kernel/settings.ts'

/** How a process ends and shows itself; docs/metrics.md says more. */
export const metricsSettings = {
  unreadyMs: integer(
    'How long a gateway that was asked to stop says that it is not ready and still takes requests, so that balancers turn away first.',
    0,
    0,
    86_400_000,
  ),
  metricsPort: integer(
    'Port of GET /metrics for Prometheus; -1: there is none. See docs/metrics.md.',
    -1,
    -1,
    65_535,
  ),
  metricsHost: text('Address of GET /metrics.', 'localhost'),
}
