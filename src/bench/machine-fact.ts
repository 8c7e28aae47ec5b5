import { defineFact } from '../facts/fact.ts'
import { readSections, sections } from '../facts/sections.ts'
import { pairs } from '../facts/text.ts'
import { sh } from '../util/sh.ts'

/** The program that measures, and the system around it. */
export interface MeasuringMachine {
  /** Absolute path, or null when the tool is not installed. */
  readonly toolPath: string | null
  /** First version number that `--version` prints, e.g. `1.0.20`. */
  readonly toolVersion: string | null
  /** SHA-256 of the binary, hex: same version does not mean same compiler. */
  readonly toolSha256: string | null
  readonly kernel: string
  /** `PRETTY_NAME` of os-release(5). */
  readonly os: string
  /** CPUs that a process may use, as taskset(1) writes them: `0-3,8`. */
  readonly allowedCpus: string
  readonly hasTaskset: boolean
}

/** Sources: os-release(5), proc(5) status, the tool itself. */
export const measuringMachine = defineFact<[tool: string], MeasuringMachine>({
  name: 'measuring-machine',
  command: (tool) =>
    sections({
      path: sh`command -v ${tool}`,
      version: sh`LC_ALL=C ${tool} --version`,
      sha256: sh`sha256sum "$(command -v ${tool})"`,
      kernel: sh`uname -sr`,
      os: sh`cat /etc/os-release`,
      cpus: sh`grep Cpus_allowed_list /proc/self/status`,
      taskset: sh`command -v taskset`,
    }),
  parse({ stdout }) {
    const section = readSections(stdout)
    const path = section('path')
    return {
      toolPath: path.startsWith('/') ? path : null,
      toolVersion: section('version').match(/\d+\.\d+(?:\.\d+)?/)?.[0] ?? null,
      toolSha256: section('sha256').match(/^[0-9a-f]{64}\b/)?.[0] ?? null,
      kernel: section('kernel'),
      os: (pairs(section('os'), '=').get('PRETTY_NAME') ?? 'unknown').replace(/^"(.*)"$/, '$1'),
      allowedCpus: pairs(section('cpus'), ':').get('Cpus_allowed_list') ?? '',
      hasTaskset: section('taskset') !== '',
    }
  },
})

/** The first `count` CPUs of a list such as `0-3,8`, as numbers; fewer when the list holds fewer. */
export function firstCpus(list: string, count: number): number[] {
  const cpus = list.split(',').flatMap((range) => {
    const [, first, last] = range.trim().match(/^(\d+)(?:-(\d+))?$/) ?? []
    if (first === undefined) return []
    const from = Number(first)
    const to = Math.min(Number(last ?? first), from + count)
    return Array.from({ length: to - from + 1 }, (_, index) => from + index)
  })
  return cpus.slice(0, count)
}
