import { existsSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { FailureError } from '../model/failure.ts'
import type { Plan } from '../model/plan.ts'
import type { Task } from '../model/task.ts'

export type FileKind = 'files' | 'templates' | 'roles' | 'tasks' | 'vars'

export interface SearchPlaces {
  /** The folder of the role that the task is in. */
  readonly role?: string
  /** The file that the task stands in. */
  readonly taskFile: string
  readonly pipelineFile: string
  readonly searchPath: readonly string[]
}

/** Where the files of a task are looked for. */
export function placesOf(plan: Plan, { role, location }: Pick<Task, 'role' | 'location'>): SearchPlaces {
  const folder = role === undefined ? undefined : plan.roles[role]?.path
  return {
    ...(folder === undefined ? {} : { role: folder }),
    taskFile: location.file,
    pipelineFile: plan.file,
    searchPath: plan.searchPath,
  }
}

/**
 * Finds a file that a task names, as Ansible does: the role's folder of that kind, the role, beside the task's file,
 * beside the pipeline, then the lab's and the package's folders. Throws `file-not-found` with every place tried.
 */
export function locateFile(kind: FileKind, name: string, places: SearchPlaces): string {
  const candidates = isAbsolute(name) ? [name] : [...new Set(candidatesOf(kind, name, places))]
  const found = candidates.find((path) => existsSync(path))
  if (found !== undefined) return found
  throw new FailureError({
    reason: 'module',
    code: 'file-not-found',
    message: `There is no file "${name}" on the controller.`,
    hint: `Looked for ${candidates.join(', ')}.`,
  })
}

function candidatesOf(kind: FileKind, name: string, places: SearchPlaces): string[] {
  const shared = places.searchPath.flatMap((folder) => [join(folder, kind, name)])
  if (kind === 'roles') return shared
  const folders = [
    ...(places.role === undefined ? [] : [join(places.role, kind), places.role]),
    join(dirname(places.taskFile), kind),
    dirname(places.taskFile),
    join(dirname(places.pipelineFile), kind),
    dirname(places.pipelineFile),
  ]
  return [
    ...folders.map((folder) => resolve(folder, name)),
    ...shared,
    ...places.searchPath.map((folder) => resolve(folder, name)),
  ]
}
