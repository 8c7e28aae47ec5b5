import { existsSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Diagnostic } from '../config/diagnostic.ts'
import { readImage } from '../images/image.ts'

/** The image.yml that a path means: itself, its folder, or the autoinstall data beside it. */
export function imageFileOf(path: string): string | undefined {
  const folder = existsSync(path) && statSync(path).isDirectory() ? path : dirname(path)
  const isPart = folder === path || ['image.yml', 'user-data'].includes(basename(path))
  const file = join(folder, 'image.yml')
  return isPart && existsSync(file) ? file : undefined
}

/** Checks an image: image.yml, and what it tells an installer. */
export function validateImage(file: string): { summary: string; diagnostics: readonly Diagnostic[] } {
  const image = readImage(basename(dirname(file)), file)
  if (!image.ok) return { summary: '', diagnostics: image.error }
  const { value } = image
  return { summary: `made by ${value.file.builder}, key ${value.key.slice(0, 12)}`, diagnostics: [] }
}
