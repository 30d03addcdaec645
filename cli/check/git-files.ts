import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { EnneadError } from '../../kernel/errors.ts'

const run = promisify(execFile)

/** Longest file taken from git, in bytes. */
const fileBytesMax = 64 * 1024 * 1024

/** The commit that `ref` names in the repository of the working directory. Throws BASELINE_UNREADABLE. */
export async function commitOf(ref: string): Promise<string> {
  try {
    const { stdout } = await run('git', [
      'rev-parse',
      '--verify',
      '--quiet',
      '--end-of-options',
      `${ref}^{commit}`,
    ])
    return stdout.trim()
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    throw new EnneadError(
      'BASELINE_UNREADABLE',
      missing
        ? `--against ${ref} is no file, and git, which might know it, is not installed`
        : `--against ${ref} is neither a file nor a commit that git knows here; a CI that clones only the last commit has to fetch it first: git fetch --depth 1 origin ${ref}`,
      { cause },
    )
  }
}

/** A file as it was in a commit; `path` is seen from the working directory. Throws BASELINE_UNREADABLE. */
export async function fileOfCommit(commit: string, path: string, named: string): Promise<string> {
  try {
    const { stdout } = await run('git', ['show', '--end-of-options', `${commit}:./${path}`], {
      maxBuffer: fileBytesMax,
    })
    return stdout
  } catch (cause) {
    throw new EnneadError('BASELINE_UNREADABLE', `${named} has no file ${path}`, { cause })
  }
}
