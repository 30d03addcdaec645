import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The process id of the embedded PostgreSQL of a data folder. */
export async function postgresPid(dataFolder: string): Promise<number> {
  const text = await readFile(join(dataFolder, 'db', 'sql', 'data', 'postmaster.pid'), 'utf8')
  return Number(text.split('\n')[0])
}

/** The process and its children, frozen with SIGSTOP until the resource is disposed of. */
export async function frozen(pid: number): Promise<Disposable> {
  const all = [pid, ...(await childrenOf(pid))]
  for (const one of all) process.kill(one, 'SIGSTOP')
  return {
    [Symbol.dispose]() {
      for (const one of all) {
        try {
          process.kill(one, 'SIGCONT')
        } catch (failure) {
          // It may have been ended while it stood still.
          if (!(failure instanceof Error && 'code' in failure && failure.code === 'ESRCH')) throw failure
        }
      }
    },
  }
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.split(' ').filter(Boolean).map(Number)
}
