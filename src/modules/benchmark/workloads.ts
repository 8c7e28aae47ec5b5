import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Workload, workloadSchema } from '../../bench/workload-file.ts'
import { parseYaml } from '../../config/yaml.ts'
import { checkAt } from '../../config/zod-diagnostics.ts'
import { FailureError } from '../../model/failure.ts'
import type { Location } from '../../model/location.ts'
import { suggestion } from '../../util/did-you-mean.ts'

const folder = join('roles', 'benchmark', 'workloads')

/**
 * Reads the workload files of the lab and of the package. A lab's file stands in for the package's of the same name.
 * Throws `benchmark-workload-invalid` for a file that is wrong and `benchmark-workload-unknown` for an id nobody has.
 */
export async function loadWorkloads(
  searchPath: readonly string[],
  wanted: readonly string[] | 'all',
): Promise<Workload[]> {
  const files = new Map<string, string>()
  for (const root of searchPath) {
    const place = join(root, folder)
    if (!existsSync(place)) continue
    for (const name of await readdir(place)) {
      if (/\.ya?ml$/.test(name) && !files.has(name)) files.set(name, join(place, name))
    }
  }
  const known = new Map<string, Workload>()
  for (const name of [...files.keys()].sort()) {
    const file = files.get(name) ?? ''
    const workload = readWorkload(await readFile(file, 'utf8'), file)
    known.set(workload.id, workload)
  }
  if (wanted === 'all') return [...known.values()]
  return wanted.map((id) => {
    const workload = known.get(id)
    if (workload !== undefined) return workload
    throw new FailureError({
      reason: 'module',
      code: 'benchmark-workload-unknown',
      message: `There is no workload ${id}.`,
      hint: [
        suggestion(id, known.keys()),
        `known: ${[...known.keys()].join(', ')}; files are searched in ${searchPath.map((root) => join(root, folder)).join(' and ')}`,
      ]
        .filter(Boolean)
        .join(' '),
    })
  })
}

function readWorkload(text: string, file: string): Workload {
  const document = parseYaml(text, file)
  if (!document.ok) {
    const [first] = document.error
    throw invalid(first?.message ?? 'cannot be read', first?.location ?? { file, line: 1, column: 1 })
  }
  const { value, diagnostics } = checkAt(workloadSchema, document.value.value, document.value, [], {
    subject: 'the workload',
  })
  if (value !== undefined) return value
  throw invalid(
    diagnostics.map(({ message }) => message).join('; '),
    diagnostics[0]?.location ?? { file, line: 1, column: 1 },
    diagnostics.find(({ hint }) => hint !== undefined)?.hint,
  )
}

function invalid(why: string, location: Location, hint?: string): FailureError {
  return new FailureError({
    reason: 'config',
    code: 'benchmark-workload-invalid',
    message: `The workload file is wrong: ${why}.`,
    hint: hint ?? 'See docs/workloads.md for what a workload file holds.',
    location,
  })
}
