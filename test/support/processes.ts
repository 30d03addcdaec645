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

/** CPU a process has used so far, all its threads, in milliseconds. */
export async function processCpuMs(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8')
  // proc(5): behind the command's parenthesis, utime and stime are fields 12 and 13, in ticks of 10 ms.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}
