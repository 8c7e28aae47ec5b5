import { readdirSync, readFileSync } from 'node:fs'

export interface RunningProcess {
  readonly pid: number
  /** Clock ticks since boot at which it started: with the pid it names one process for ever. */
  readonly started: string
  readonly commandLine: string
}

/** The processes that run now; zombies have ended. */
export function processes(): RunningProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => runningProcess(Number(name)) ?? [])
}

export function runningProcess(pid: number): RunningProcess | undefined {
  try {
    // proc(5): the name in parentheses may hold anything; state is the field after it, start time the 22nd.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
    return { pid, started: fields[19] ?? '', commandLine }
  } catch {
    // It ended between two readings.
    return undefined
  }
}

/** Whether that very process still runs. */
export function stillRuns({ pid, started }: Pick<RunningProcess, 'pid' | 'started'>): boolean {
  return runningProcess(pid)?.started === started
}

/** A process and all that it started and still belongs to it. */
export function familyOf(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
    return [pid, ...children.flatMap((child) => familyOf(Number(child)))]
  } catch {
    // It ended between two readings.
    return []
  }
}
