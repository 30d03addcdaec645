import { EnneadError } from '../../../../../kernel/errors.ts'
import type { ErrorCode } from '../../../../../kernel/errors.ts'

/** PostgreSQL's own words (in English, LC_ALL=C) for what keeps it from starting, and what they mean for its folder. */
const reasons: readonly (readonly [words: RegExp, code: ErrorCode, text: string])[] = [
  [
    /No space left on device|Disk quota exceeded/,
    'DATA_FOLDER_UNREADABLE',
    'its disk is full; make room and start again',
  ],
  [
    /Permission denied|Read-only file system|has invalid permissions|has wrong ownership/,
    'DATA_FOLDER_UNREADABLE',
    'its files cannot be read and written; give them to the user Ennead runs as',
  ],
  [
    /lock file ".*" already exists|pre-existing shared memory block|Is another postmaster/,
    'DATA_FOLDER_IN_USE',
    'another PostgreSQL runs on it; stop that first',
  ],
  [
    /PANIC|pg_control|checkpoint|checksum|incompatible|not a valid data directory|could not open (file|directory)|invalid data in|could not (read|find)/,
    'DATA_FOLDER_CORRUPT',
    'its files are damaged or incomplete; restore a copy, or move it away to start empty',
  ],
]

/** Why PostgreSQL did not start, from what it said; what it said is kept in `cause`. */
export function startFailure(dataDirectory: string, said: readonly string[]): EnneadError {
  const output = said.join('\n')
  const cause = new Error(output === '' ? 'PostgreSQL said nothing' : output)
  for (const [words, code, text] of reasons) {
    if (words.test(output))
      return new EnneadError(code, `PostgreSQL cannot use ${dataDirectory}: ${text}`, { cause })
  }
  return new EnneadError('UNAVAILABLE', `PostgreSQL did not start on ${dataDirectory}`, { cause })
}
