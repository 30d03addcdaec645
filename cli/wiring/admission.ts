import { cascadeRisk } from '../../dispatch/risk.ts'
import type { DispatcherUsage } from '../../dispatch/dispatcher.ts'
import type { AdmissionOptions } from '../../gateway/admission/admission-options.ts'
import { admissionLimits } from '../../gateway/admission/admission-limits.ts'
import { checkEssentialOperations } from '../../gateway/admission/request-priority.ts'
import type { SettingsOf } from '../../kernel/settings.ts'
import type { admissionSettings } from '../settings.ts'

/** What the settings say of admission. Throws BAD_OPTION where two of them contradict each other. */
export function admissionOptions(settings: SettingsOf<typeof admissionSettings>): AdmissionOptions {
  const options = {
    concurrencyMin: settings.concurrencyMin,
    concurrencyMax: settings.concurrencyMax,
    concurrencyInitial: settings.concurrencyInitial,
    queueMax: settings.queueMax,
    waitShareMax: settings.waitShareMaxPercent / 100,
    retryAfterMs: settings.retryAfterMs,
    sheddableComplexity: settings.sheddableComplexityPercent / 100,
    latencyTolerance: settings.latencyTolerancePercent / 100,
    baselineEveryMs: settings.baselineEveryMs,
    eventLoopShedMs: settings.eventLoopShedMs,
    eventLoopEssentialMs: settings.eventLoopEssentialMs,
    heapShedShare: settings.heapShedPercent / 100,
    heapEssentialShare: settings.heapEssentialPercent / 100,
    riskShed: settings.riskShedPercent / 100,
    riskEssential: settings.riskEssentialPercent / 100,
  }
  const { essentialOperations } = settings
  // Found out now, not when the stores are open and the gateway starts.
  admissionLimits(options)
  checkEssentialOperations(essentialOperations)
  return { ...options, essentialOperations }
}

/** The risk of the domain that is nearest to a cascade. */
export function highestRisk(domains: readonly { usage(): DispatcherUsage }[]): () => number {
  return () => Math.max(0, ...domains.map(domain => cascadeRisk(domain.usage())))
}
