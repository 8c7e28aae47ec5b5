// Everything in the repository that is made from the sources: `npm run generate` writes what changed. A test compares.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { packageRoot } from '../src/util/package-root.ts'
import { errorDocs } from './generate-error-docs.ts'
import { moduleDocs } from './generate-module-docs.ts'
import { jsonSchemas, schemaText } from './generate-schemas.ts'
import { workloadDocs } from './generate-workload-docs.ts'

/** Path, relative to the repository → text. */
export function generatedFiles(): Map<string, string> {
  const schemas = Object.entries(jsonSchemas()).map(([name, schema]): [string, string] => [
    `schemas/${name}`,
    schemaText(schema),
  ])
  return new Map([
    ...schemas,
    ['docs/modules.md', moduleDocs()],
    ['docs/errors.md', errorDocs()],
    ['docs/workloads.md', workloadDocs()],
  ])
}

/** Undefined when there is no such file yet. */
export function currentText(file: string): string | undefined {
  try {
    return readFileSync(join(packageRoot, file), 'utf8')
  } catch {
    return undefined
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const stale = [...generatedFiles()].filter(([file, text]) => currentText(file) !== text)
  for (const [file, text] of stale) writeFileSync(join(packageRoot, file), text)
  console.log(stale.length === 0 ? 'up to date' : `wrote ${stale.map(([file]) => file).join(', ')}`)
}
