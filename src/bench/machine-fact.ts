import { defineFact } from '../facts/fact.ts'
import { readSections, sections } from '../facts/sections.ts'
import { pairs } from '../facts/text.ts'
import { cpusOf } from '../util/cpu-list.ts'
import { sh } from '../util/sh.ts'

/** The system around the programs that measure. */
export interface MeasuringMachine {
  readonly kernel: string
  /** `PRETTY_NAME` of os-release(5). */
  readonly os: string
  /** CPUs that a process may use, as taskset(1) writes them: `0-3,8`. */
  readonly allowedCpus: string
  readonly hasTaskset: boolean
}

/** Sources: os-release(5), proc(5) status. */
export const measuringMachine = defineFact<[], MeasuringMachine>({
  name: 'measuring-machine',
  command: () =>
    sections({
      kernel: sh`uname -sr`,
      os: sh`cat /etc/os-release`,
      cpus: sh`grep Cpus_allowed_list /proc/self/status`,
      taskset: sh`command -v taskset`,
    }),
  parse({ stdout }) {
    const section = readSections(stdout)
    return {
      kernel: section('kernel'),
      os: (pairs(section('os'), '=').get('PRETTY_NAME') ?? 'unknown').replace(/^"(.*)"$/, '$1'),
      allowedCpus: pairs(section('cpus'), ':').get('Cpus_allowed_list') ?? '',
      hasTaskset: section('taskset') !== '',
    }
  },
})

/** The first `count` CPUs of a list such as `0-3,8`, as numbers; fewer when the list holds fewer. */
export function firstCpus(list: string, count: number): number[] {
  return (cpusOf(list) ?? []).slice(0, count)
}
