import { createHash, type Hash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Plan } from '../model/plan.ts'
import { planData } from './plan-data.ts'

/**
 * SHA-256, in hex, over everything that decides what runs: the plan without positions in files, and the contents of the
 * templates and files of its roles and of its scripts. A comment in a pipeline changes nothing.
 */
export function fingerprintOf(plan: Omit<Plan, 'fingerprint'>): string {
  const hash = createHash('sha256')
  hash.update(canonical(planData(plan)))
  const folders = [...new Set(Object.values(plan.roles).map((role) => role.path))].sort()
  for (const folder of folders) {
    for (const kind of ['templates', 'files']) addFolder(hash, join(folder, kind), folder)
  }
  for (const stage of plan.stages) if (stage.kind === 'script') addFile(hash, stage.script, stage.name)
  return hash.digest('hex')
}

function addFolder(hash: Hash, folder: string, base: string): void {
  if (!existsSync(folder)) return
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) addFolder(hash, path, base)
    else if (entry.isFile()) addFile(hash, path, relative(base, path))
  }
}

function addFile(hash: Hash, path: string, name: string): void {
  const content = readFileSync(path)
  hash.update(`\0${name}\0${content.length}\0`)
  hash.update(content)
}

/** JSON with sorted keys, without the locations. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value)
    .filter(([key, item]) => item !== undefined && !(key === 'location' && isLocation(item)))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`)
  return `{${entries.join(',')}}`
}

function isLocation(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && 'file' in value && 'line' in value && 'column' in value
  )
}
