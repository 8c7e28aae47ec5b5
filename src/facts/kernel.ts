import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { readSections, sections } from './sections.ts'

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

/** Source: uname(1), proc(5) cmdline. */
export const kernel = defineFact<[], Kernel>({
  name: 'kernel',
  command: () =>
    sections({
      system: sh`uname -s`,
      release: sh`uname -r`,
      version: sh`uname -v`,
      machine: sh`uname -m`,
      cmdline: sh`cat /proc/cmdline`,
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
