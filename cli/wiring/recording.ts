import { openOperationLog } from '../../gateway/recording/operation-log.ts'
import type { RecordOperation } from '../../gateway/recording/record-operation.ts'
import { systemClock } from '../../kernel/clock.ts'
import type { Log } from '../../kernel/log.ts'
import type { SettingsOf } from '../../kernel/settings.ts'
import type { Lifecycle } from '../lifecycle.ts'
import type { recordingSettings } from '../recording-settings.ts'

/** The operation log of this process, if it shall have one; opened before the doors, so closed after them. Rejects with BAD_OPTION. */
export async function recorder(
  settings: SettingsOf<typeof recordingSettings>,
  lifecycle: Lifecycle,
  log: Log,
): Promise<RecordOperation | undefined> {
  if (settings.operationLog === undefined) return undefined
  const operations = await openOperationLog({
    file: settings.operationLog,
    everyMs: settings.operationLogEveryMs,
    bytesMax: settings.operationLogBytesMax,
    filesMax: settings.operationLogFilesMax,
    clock: systemClock,
    log,
  })
  lifecycle.add('operation log', () => operations.close())
  return (operation, client) => operations.record(operation, client)
}
