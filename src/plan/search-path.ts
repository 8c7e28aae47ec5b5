import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import type { Diagnostic } from '../config/diagnostic.ts'
import { suggestion } from '../util/did-you-mean.ts'
import { packageRoot } from '../util/package-root.ts'
import { err, ok, type Result } from '../util/result.ts'

/** Folders searched for pipelines, roles, images and inventories: the lab's own first, then the package's. */
export function searchPathOf(labDirectory: string, pipelineFile?: string): string[] {
  const folders = [resolve(labDirectory)]
  if (pipelineFile !== undefined) {
    // A playbook's own folder counts, as in Ansible; a file in `pipelines/` belongs to the lab around it.
    const folder = dirname(resolve(labDirectory, pipelineFile))
    folders.push(basename(folder) === 'pipelines' ? dirname(folder) : folder)
  }
  return [...new Set([...folders, packageRoot])]
}

/** The file of a pipeline by its name (`quick`), from the lab or the package. */
export function findPipeline(name: string, searchPath: readonly string[]): Result<string, Diagnostic> {
  const known = new Set<string>()
  for (const folder of searchPath) {
    for (const file of pipelineFiles(join(folder, 'pipelines'))) {
      const word = basename(file, extname(file))
      if (word === name) return ok(file)
      known.add(word)
    }
  }
  const list = known.size === 0 ? 'there is none' : `known: ${[...known].sort().join(', ')}`
  return err({
    severity: 'error',
    code: 'pipeline-unknown',
    message: `there is no pipeline "${name}" in ${searchPath.map((folder) => join(folder, 'pipelines')).join(' or ')}`,
    hint: [suggestion(name, known), list].filter((part) => part !== undefined).join(' '),
  })
}

/** Every pipeline of a folder, by name. */
export function pipelineFiles(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .sort()
    .filter((entry) => ['.yml', '.yaml'].includes(extname(entry)))
    .map((entry) => join(folder, entry))
}

/** The inventory when `-i` is absent: the lab's `inventory/` folder, else the package's `inventory/local.yml`. */
export function defaultInventory(searchPath: readonly string[]): string[] {
  for (const folder of searchPath) {
    const path = join(folder, 'inventory')
    if (folder !== packageRoot && existsSync(path) && statSync(path).isDirectory()) return [path]
  }
  return [join(packageRoot, 'inventory', 'local.yml')]
}

/**
 * A role's folder, or where it was looked for. `namespace.collection.role` is a role of a collection, as `ansible-galaxy collection
 * install -p collections` lays it out. `beside` is where the role around it lies.
 */
export function findRole(
  name: string,
  searchPath: readonly string[],
  beside?: string,
): Result<string, { lookedIn: string[]; known: string[] }> {
  const [, collection = '', ofCollection = ''] = /^(\w+\.\w+)\.(\w+)$/.exec(name) ?? []
  const inCollections = join('collections/ansible_collections', collection.replace('.', '/'), 'roles')
  const all = searchPath.flatMap((folder) => [
    { folder: join(folder, 'roles'), as: name },
    ...(ofCollection === '' ? [] : [{ folder: join(folder, inCollections), as: ofCollection }]),
  ])
  if (beside !== undefined) all.push({ folder: beside, as: name })
  const folders = [...new Set(all.map(({ folder }) => folder))]
  for (const { folder, as } of all) {
    const path = join(folder, as)
    if (existsSync(path) && statSync(path).isDirectory()) return ok(path)
  }
  return err({ lookedIn: folders, known: rolesIn(folders) })
}

/** Names of the roles in some `roles/` folders. */
export function rolesIn(folders: readonly string[]): string[] {
  const names = folders.flatMap((folder) => {
    if (!existsSync(folder)) return []
    return readdirSync(folder).filter((name) => statSync(join(folder, name)).isDirectory())
  })
  return [...new Set(names)].sort()
}
