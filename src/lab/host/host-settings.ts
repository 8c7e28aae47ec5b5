import { defineFact } from '../../facts/fact.ts'
import { readSections, sections } from '../../facts/sections.ts'
import { lines } from '../../facts/text.ts'
import { sh } from '../../util/sh.ts'
import { stateFolder } from '../guest-files.ts'

/** A setting of the running kernel that tuning may change: one value in one or more files. */
export interface HostSetting {
  /** Files that hold it with their values now, one for each CPU where each has its own; empty where the kernel has none. */
  readonly files: readonly { readonly path: string; readonly value: string }[]
  /** What the kernel takes; empty: any number. */
  readonly choices: readonly string[]
  /** The files may be written. Not in a container whose /sys is read-only. */
  readonly writable: boolean
}

/** What of a host can be tuned, and what was tuned already. */
export interface HostSettings {
  readonly settings: Readonly<Record<SettingName, HostSetting>>
  /** Values of files before hvlab changed them first: file → value. */
  readonly before: ReadonlyMap<string, string>
  /** /etc/tmpfiles.d/hvlab-tuning.conf; empty when it is not there. */
  readonly atBoot: string
  /** Drop-in of GRUB with isolated CPUs; empty when it is not there. */
  readonly grub: string
  /** `update-grub` is here, so that the kernel's command line can be changed for the next boot. */
  readonly updateGrub: boolean
  /** CPUs that the scheduler leaves alone now: `2-3`; empty: none. */
  readonly isolated: string
  /** CPUs that run: `0-3`. */
  readonly online: string
  /** NUMA nodes that run: `0-1`. */
  readonly nodes: string
  readonly systemd: boolean
}

export const stateFile = `${stateFolder}/tuning`
export const bootFile = '/etc/tmpfiles.d/hvlab-tuning.conf'
export const grubFile = '/etc/default/grub.d/hvlab-isolated-cpus.cfg'

/** Files by setting. Sources: kernel Documentation/admin-guide: mm/transhuge, mm/ksm, mm/hugetlbpage, sysctl/kernel, pm/cpufreq. */
const patterns = {
  thp: sh`/sys/kernel/mm/transparent_hugepage/enabled`,
  ksm: sh`/sys/kernel/mm/ksm/run`,
  governor: sh`/sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor`,
  numa_balancing: sh`/proc/sys/kernel/numa_balancing`,
  hugepages_2m: sh`/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages`,
  hugepages_1g: sh`/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages`,
} as const

export type SettingName = keyof typeof patterns
export const settingNames = Object.keys(patterns) as SettingName[]

/** Prints `file writable value` for each file. */
const listed = Object.fromEntries(
  settingNames.map((name) => [
    name,
    sh`for f in ${patterns[name]}; do [ -r "$f" ] || continue; [ -w "$f" ] && w=yes || w=no; printf '%s %s ' "$f" "$w"; cat "$f"; done`,
  ]),
)

export const hostSettings = defineFact<[], HostSettings>({
  name: 'host-settings',
  command: () =>
    sections({
      ...listed,
      governors: sh`cat /sys/devices/system/cpu/cpu0/cpufreq/scaling_available_governors`,
      before: sh`cat ${stateFile}`,
      boot: sh`cat ${bootFile}`,
      grub: sh`cat ${grubFile}`,
      tool: sh`PATH="$PATH:/usr/sbin:/sbin" command -v update-grub`,
      isolated: sh`cat /sys/devices/system/cpu/isolated`,
      online: sh`cat /sys/devices/system/cpu/online`,
      nodes: sh`cat /sys/devices/system/node/online`,
      systemd: sh`[ -d /run/systemd/system ] && echo yes`,
    }),
  parse({ stdout }) {
    const section = readSections(stdout)
    const governors = section('governors')
      .split(/\s+/)
      .filter((word) => word !== '')
    const read = (name: SettingName) => settingOf(lines(section(name)), name === 'governor' ? governors : [])
    return {
      settings: {
        thp: read('thp'),
        ksm: read('ksm'),
        governor: read('governor'),
        numa_balancing: read('numa_balancing'),
        hugepages_2m: read('hugepages_2m'),
        hugepages_1g: read('hugepages_1g'),
      },
      before: new Map(
        lines(section('before')).flatMap((line): [string, string][] => {
          const [, file, value] = /^(\/(?:sys|proc\/sys)\/[\w./-]+) ([\w-]+)$/.exec(line) ?? []
          return file === undefined || value === undefined ? [] : [[file, value]]
        }),
      ),
      atBoot: section('boot'),
      grub: section('grub'),
      updateGrub: section('tool') !== '',
      isolated: section('isolated').trim(),
      online: section('online').trim(),
      nodes: section('nodes').trim(),
      systemd: section('systemd') === 'yes',
    }
  },
})

/** `/sys/…/enabled yes always [madvise] never`: the word in brackets is the value, all of them are what there is. */
function settingOf(found: readonly string[], choices: readonly string[]): HostSetting {
  const rows = found.flatMap((line) => {
    const [, path = '', writable, text = ''] = /^(\/\S+) (yes|no) ([\w [\]-]*)$/.exec(line) ?? []
    const words = text.split(' ').filter((word) => word !== '')
    const chosen = words.find((word) => word.startsWith('['))
    const value = chosen?.slice(1, -1) ?? words[0]
    if (path === '' || value === undefined) return []
    return [{ path, value, writable: writable === 'yes', words: chosen === undefined ? [] : words }]
  })
  const offered = rows[0]?.words.map((word) => word.replace(/^\[|\]$/g, '')) ?? []
  return {
    files: rows.map(({ path, value }) => ({ path, value })),
    choices: offered.length > 0 ? offered : choices,
    writable: rows.length > 0 && rows.every(({ writable }) => writable),
  }
}
