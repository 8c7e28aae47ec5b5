import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { firstLine, readSections, sections } from './sections.ts'
import { count, lines, pairs } from './text.ts'

export interface Cpu {
  /** `uname -m`. */
  readonly architecture: string
  readonly vendor: string
  readonly model: string
  readonly sockets: number
  readonly coresPerSocket: number
  readonly threadsPerCore: number
  /** Logical CPUs online, whole machine. */
  readonly online: number
  /** Logical CPUs that this process may use: affinity and cpusets count. */
  readonly usable: number
  /** Every flag of the first CPU (`flags` on x86, `Features` on ARM). */
  readonly flags: readonly string[]
  /** Intel VT-x, AMD-V: what KVM on x86 needs. */
  readonly vmx: boolean
  readonly svm: boolean
  /** This machine is a guest itself. */
  readonly hypervisor: boolean
  /** `scaling_governor` of the first CPU; null when the kernel scales no frequency. */
  readonly governor: string | null
  /** `cpu MHz` of the first CPU at the moment of asking. */
  readonly mhz: number | null
}

// Flags are the same for every CPU and long: only the first line of them travels.
const keep = `awk '/^(processor|vendor_id|model name|physical id|core id|cpu MHz|CPU implementer|CPU part)[ \t]*:/ { print } /^(flags|Features)[ \t]*:/ && !seen++ { print }' /proc/cpuinfo`

/** Source: proc(5) cpuinfo; sysfs cpufreq. */
export const cpu = defineFact<[], Cpu>({
  name: 'cpu',
  command: () =>
    sections({
      machine: sh`uname -m`,
      cpuinfo: { parts: [{ kind: 'shell', text: keep }] },
      online: sh`getconf _NPROCESSORS_ONLN`,
      usable: sh`nproc`,
      governor: firstLine('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'),
    }),
  parse({ stdout }) {
    const section = readSections(stdout)
    const text = section('cpuinfo')
    const first = pairs(text, ':')
    const all = topology(text)
    const online = count(section('online')) ?? Math.max(all.processors, 1)
    const flags = (first.get('flags') ?? first.get('Features') ?? '').split(/\s+/).filter(Boolean)
    const sockets = Math.max(all.sockets, 1)
    const cores = Math.max(all.cores, 1)
    const mhz = Number.parseFloat(first.get('cpu MHz') ?? '')
    return {
      architecture: section('machine'),
      vendor: first.get('vendor_id') ?? first.get('CPU implementer') ?? 'unknown',
      model: first.get('model name') ?? armModel(first) ?? 'unknown',
      sockets,
      coresPerSocket: all.known ? Math.max(Math.round(cores / sockets), 1) : online,
      threadsPerCore: all.known ? Math.max(Math.round(all.processors / cores), 1) : 1,
      online,
      usable: count(section('usable')) ?? online,
      flags,
      vmx: flags.includes('vmx'),
      svm: flags.includes('svm'),
      hypervisor: flags.includes('hypervisor'),
      governor: section('governor') || null,
      mhz: Number.isFinite(mhz) ? mhz : null,
    }
  },
})

function armModel(first: Map<string, string>): string | undefined {
  const part = first.get('CPU part')
  return part === undefined ? undefined : `ARM part ${part}`
}

/** Distinct sockets and cores. ARM and some guests print neither: then `known` is false. */
function topology(text: string): { processors: number; sockets: number; cores: number; known: boolean } {
  const sockets = new Set<string>()
  const cores = new Set<string>()
  let processors = 0
  let socket = '0'
  for (const line of lines(text)) {
    const [key = '', value = ''] = line.split(':').map((part) => part.trim())
    if (key === 'processor') {
      processors++
      socket = '0'
    } else if (key === 'physical id') {
      socket = value
      sockets.add(value)
    } else if (key === 'core id') cores.add(`${socket}/${value}`)
  }
  return { processors, sockets: sockets.size, cores: cores.size, known: cores.size > 0 }
}
