import { didYouMean } from '../util/did-you-mean.ts'
import { filters } from './filters.ts'
import { TemplateError } from './template.ts'
import { tests } from './tests.ts'

/** The mistake of naming a filter that does not exist, with the closest one that does. */
export function unknownFilter(name: string, line?: number): TemplateError {
  return unknown('filter', name, filters.keys(), line)
}

/** The same for a test: what follows `is`. */
export function unknownTest(name: string, line?: number): TemplateError {
  return unknown('test', name, tests.keys(), line)
}

function unknown(
  what: 'filter' | 'test',
  name: string,
  known: Iterable<string>,
  line: number | undefined,
): TemplateError {
  const closest = didYouMean(name, known)
  const hint = closest === undefined ? '' : `; did you mean '${closest}'?`
  return new TemplateError(`unknown ${what} '${name}'${hint}`, {
    unknown: { what, name },
    ...(line === undefined ? {} : { line }),
  })
}

/** The first filter or test of a parsed template or expression that does not exist. Nothing is evaluated. */
export function unknownNameIn(tree: unknown): TemplateError | undefined {
  if (typeof tree !== 'object' || tree === null) return undefined
  const node = tree as { kind?: unknown; name?: unknown; line?: unknown; filters?: unknown }
  // Data, which may look like anything.
  if (node.kind === 'constant') return undefined
  const named = node.kind === 'filter-block' && Array.isArray(node.filters) ? node.filters : [node]
  for (const { name, line } of named as (typeof node)[]) {
    if (typeof name !== 'string') continue
    const at = typeof line === 'number' ? line : undefined
    if (node.kind === 'test' && !tests.has(name)) return unknownTest(name, at)
    if ((node.kind === 'filter' || node.kind === 'filter-block') && !filters.has(name))
      return unknownFilter(name, at)
  }
  for (const part of Object.values(tree)) {
    const found = unknownNameIn(part)
    if (found !== undefined) return found
  }
  return undefined
}
