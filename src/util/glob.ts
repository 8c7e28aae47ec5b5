import { literal } from './words.ts'

/**
 * A pattern of Python's `fnmatch`, for a whole text: `*`, `?`, `[abc]`, `[!a-c]`. A range that runs backwards matches nothing, and
 * a bracket that does not close is one, as there.
 */
export function glob(pattern: string): RegExp {
  const source = pattern.replace(
    /\[(!?)([^\]]+)\]|[\s\S]/g,
    (part, not: string | undefined, set: string | undefined) => {
      if (set !== undefined) return setSource(set, not === '!')
      if (part === '*') return '.*'
      return part === '?' ? '.' : literal(part)
    },
  )
  return new RegExp(`^${source}$`, 's')
}

function setSource(set: string, isNegated: boolean): string {
  const isBackwards = [...set.matchAll(/(.)-(.)/gs)].some(([, from = '', to = '']) => from > to)
  if (isBackwards) return isNegated ? '.' : '(?!)'
  return `[${isNegated ? '^' : ''}${set.replace(/[\\^[]/g, '\\$&')}]`
}
