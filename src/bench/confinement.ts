import { posix } from 'node:path'
import type { Command } from '../model/command.ts'
import { renderCommand, sh } from '../util/sh.ts'

/** How a native trial is held to a guest's memory; which of them works is tried (`memoryLimitCheck`). */
export const memoryLimits = ['systemd-scope', 'cgroup-v2', 'cgroup-v1'] as const
export type MemoryLimit = (typeof memoryLimits)[number]

export interface Confinement {
  /** CPU numbers for taskset(1). */
  readonly cpus: readonly number[]
  readonly memory: { readonly by: MemoryLimit; readonly mib: number } | null
}

/** One group for all trials on a machine, made anew when it is missing and taken away with `removeGroups`. */
const group = 'hvlab-trial'
const folders = {
  'cgroup-v2': `/sys/fs/cgroup/${group}`,
  'cgroup-v1': `/sys/fs/cgroup/memory/${group}`,
} as const

/**
 * What comes before a workload's words. Swap is not given as a way out: a guest has none of its hypervisor's either.
 * Where systemd is the first process it owns the control groups, so it is asked; elsewhere the group is made in the file system.
 * `prlimit --as` is no substitute: it limits addresses, which threads reserve and never use, not memory.
 */
export function confinementWords({ cpus, memory }: Confinement): Command {
  const pinned = cpus.length === 0 ? sh`` : sh`taskset -c ${cpus.join(',')}`
  if (memory === null) return pinned
  const bytes = memory.mib * 1024 * 1024
  switch (memory.by) {
    case 'systemd-scope':
      return sh`systemd-run --quiet --scope --collect -p MemoryMax=${bytes} -p MemorySwapMax=0 -- ${pinned}`
    case 'cgroup-v2':
      return inGroup(
        folders['cgroup-v2'],
        sh`echo ${bytes} > memory.max && { ! [ -e memory.swap.max ] || echo 0 > memory.swap.max; }`,
        pinned,
      )
    case 'cgroup-v1':
      // Memory and swap together may not be less than memory: an earlier trial's goes first.
      return inGroup(
        folders['cgroup-v1'],
        sh`both=memory.memsw.limit_in_bytes; { ! [ -e $both ] || echo -1 > $both; } && echo ${bytes} > memory.limit_in_bytes && { ! [ -e $both ] || echo ${bytes} > $both; }`,
        pinned,
      )
  }
}

/** A shell sets the limit, enters the group and becomes the workload. Where nothing is mounted a folder is only a folder. */
function inGroup(folder: string, limit: Command, words: Command): Command {
  const mounted = sh`[ -e ${`${posix.dirname(folder)}/cgroup.procs`} ]`
  const enter = sh`here=$PWD; ${mounted} && mkdir -p ${folder} && cd ${folder} && ${limit} && echo "$$" > cgroup.procs && cd "$here" && exec "$@"`
  return sh`sh -c ${renderCommand(enter)} sh ${words}`
}

/** Runs under a limit, as a workload would, and succeeds only when that limit is in force. Sources: cgroups(7), cgroup-v2. */
export function memoryLimitCheck(by: MemoryLimit, mib: number): Command {
  const bytes = mib * 1024 * 1024
  const check = sh`while IFS=: read -r number names path; do
  case ",$names," in
    ,,) file=/sys/fs/cgroup$path/memory.max ;;
    *,memory,*) file=/sys/fs/cgroup/memory$path/memory.limit_in_bytes ;;
    *) continue ;;
  esac
  [ -r "$file" ] && [ "$(cat "$file")" = ${bytes} ] && exit 0
done < /proc/self/cgroup
exit 1`
  const systemd =
    by === 'systemd-scope' ? sh`[ -d /run/systemd/system ] && ` : sh`! [ -d /run/systemd/system ] && `
  return sh`${systemd}${confinementWords({ cpus: [], memory: { by, mib } })} sh -c ${renderCommand(check)}`
}

/** A group is left empty by its trials; a systemd scope goes by itself. */
export const removeGroups = sh`rmdir ${folders['cgroup-v2']} ${folders['cgroup-v1']} 2>/dev/null || :`
