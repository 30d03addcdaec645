import { integer, text } from '../kernel/settings.ts'

/** What a gateway keeps of the operations it gets; docs/check.md says more. */
export const recordingSettings = {
  operationLog: text(
    'File to count operations in, by client and without values, for `ennead check --operations`. Default: none.',
    undefined,
  ),
  operationLogEveryMs: integer('How often the counts are written.', 60_000, 1, 86_400_000),
  operationLogBytesMax: integer('Bytes of one file of the operation log.', 16_777_216, 1, 1_000_000_000_000),
  operationLogFilesMax: integer('Files of the operation log; the oldest is removed.', 10, 1, 10_000),
}
