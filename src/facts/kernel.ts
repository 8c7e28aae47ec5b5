import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { firstLine, readSections, sections } from './sections.ts'

export interface Kernel {
  /** `Linux`. */
  readonly system: string
  /** `6.1.0-37-amd64`. */
  readonly release: string
  /** `#1 SMP PREEMPT_DYNAMIC …`. */
  readonly version: string
  /** `x86_64`, `aarch64`. */
  readonly machine: string
  /** Parameters it was booted with. */
  readonly commandLine: string
}

/** Source: uname(1), proc(5) cmdline and sys/kernel. */
export const kernel = defineFact<[], Kernel>({
  name: 'kernel',
  command: () =>
    sections({
      system: firstLine('/proc/sys/kernel/ostype'),
      release: firstLine('/proc/sys/kernel/osrelease'),
      version: firstLine('/proc/sys/kernel/version'),
      machine: sh`uname -m`,
      cmdline: firstLine('/proc/cmdline'),
    }),
  parse({ stdout }) {
    const section = readSections(stdout)
    return {
      system: section('system'),
      release: section('release'),
      version: section('version'),
      machine: section('machine'),
      commandLine: section('cmdline'),
    }
  },
})
