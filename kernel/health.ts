import type { CertificateHealth } from './tls/certificate-health.ts'

/**
 * `ok` answers · `failing` answered its last calls with failures · `open` is being spared by its breaker ·
 * `absent` is switched off or not configured, which is not a failure.
 */
export type AgentState = 'ok' | 'failing' | 'open' | 'absent'

export interface AgentHealth {
  readonly name: string
  readonly state: AgentState
  /** What the agent stands on and why it is in its state, for an operator, e.g. `PostgreSQL 18 (embedded)`. No secrets. */
  readonly detail: string
}

export interface DomainHealth {
  readonly domain: string
  /** Every operation of the port has at least one agent that is not absent and not open. */
  readonly ready: boolean
  /** Why it is not ready, where its agents do not say so, and the way out. */
  readonly reason?: string
  readonly agents: readonly AgentHealth[]
  /** What it does besides answering, which does not decide whether it is ready. Undefined: nothing. */
  readonly background?: readonly AgentHealth[]
  /** What it shows of itself over TLS. Undefined: it does not speak TLS. */
  readonly certificate?: CertificateHealth
}
