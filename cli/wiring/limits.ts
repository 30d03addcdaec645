import type { EngineOptions } from '../../gateway/create-engine.ts'
import { gatewayLimitDefaults } from '../../gateway/admission/gateway-limits.ts'
import type { GatewayLimits } from '../../gateway/admission/gateway-limits.ts'
import { costDefaults } from '../../gateway/operation/cost-options.ts'
import type { SettingsOf } from '../../kernel/settings.ts'
import type { limitSettings } from '../limit-settings.ts'
import type { socketSettings } from '../socket-settings.ts'

type LimitSettings = SettingsOf<typeof limitSettings>

/** What the settings say of operations, for the engine. */
export function operationOptions(
  settings: LimitSettings,
): Required<Pick<EngineOptions, 'limits' | 'cost' | 'explainCost' | 'introspection'>> {
  const { tokensMax, depthMax, selectionsMax, aliasesMax, rootFieldsMax, directivesMax } = settings
  const { duplicatesMax, fetchesMax, costMax, assumedListSize, listSizeMax, slicingArguments } = settings
  const named = slicingArguments.length === 0 ? costDefaults.slicingArguments : slicingArguments
  return {
    limits: {
      tokensMax,
      depthMax,
      selectionsMax,
      aliasesMax,
      rootFieldsMax,
      directivesMax,
      duplicatesMax,
      fetchesMax,
    },
    cost: { costMax, assumedListSize, listSizeMax, slicingArguments: named },
    explainCost: settings.explainCost,
    introspection: settings.introspection,
  }
}

/** What the settings say of requests and answers, for the doors. */
export function doorLimits(
  settings: LimitSettings &
    SettingsOf<typeof socketSettings> & {
      readonly requestTimeoutMs: number
      readonly mutationTimeoutMs: number
    },
): Partial<GatewayLimits> {
  const { bodyBytesMax, headerBytesMax, answerBytesMax } = settings
  const { requestTimeoutMs, mutationTimeoutMs, deferTimeoutMs } = settings
  const { socketsMax, socketsPerAddressMax, socketsPerActorMax } = settings
  return {
    bodyBytesMax,
    headerBytesMax,
    answerBytesMax,
    requestTimeoutMs,
    mutationTimeoutMs,
    deferTimeoutMs,
    socketsMax,
    socketsPerAddressMax,
    socketsPerActorMax,
    // Sockets are connections as well, and must not leave none for requests.
    connectionsMax: Math.max(gatewayLimitDefaults.connectionsMax, socketsMax + requestConnections),
  }
}

/** Connections left for requests where sockets take more than the default leaves. */
const requestConnections = 2_000
