import { globSync, readFileSync } from 'node:fs'

/** CPU time in seconds since the start of this process, and of all processes of a PostgreSQL server. */
export interface CpuTimes {
  readonly client: number
  readonly server: number
}

/** Ticks of /proc/<pid>/stat a second (proc(5)); 100 wherever Linux is. */
const ticksPerSecond = 100

/** `postmaster`: the server's first process. Those that have ended count in their parent. */
export function cpuTimes(postmaster: number): CpuTimes {
  const { user, system } = process.cpuUsage()
  let ticks = 0
  for (const file of globSync('/proc/[0-9]*/stat')) {
    const fields = fieldsOf(file)
    const pid = Number(file.split('/')[2])
    if (pid !== postmaster && Number(fields[1]) !== postmaster) continue
    // utime and stime; of the postmaster also those of children that were waited for.
    ticks += Number(fields[11]) + Number(fields[12])
    if (pid === postmaster) ticks += Number(fields[13]) + Number(fields[14])
  }
  return { client: (user + system) / 1e6, server: ticks / ticksPerSecond }
}

/** Milliseconds of CPU time that these processes have used, as exactly as Linux counts (proc(5), schedstat); others count as 0. */
export function cpuMsOf(pids: readonly number[]): number {
  let nanoseconds = 0
  for (const pid of pids) {
    try {
      nanoseconds += Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0])
    } catch {
      // It has ended.
    }
  }
  return nanoseconds / 1e6
}

/** What follows the command's name, from the state on. */
function fieldsOf(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  } catch {
    return []
  }
}
