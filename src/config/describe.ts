/** What a value is, in the words of a person who writes YAML. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'empty'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  switch (typeof value) {
    case 'string':
      return `the text ${quoteShort(value)}`
    case 'number':
      return `the number ${value}`
    case 'boolean':
      return `${value}`
    default:
      return 'a map'
  }
}

/** A type's name as zod says it, in the same words. */
export function describeType(type: string): string {
  switch (type) {
    case 'string':
      return 'text'
    case 'number':
      return 'a number'
    case 'int':
      return 'a whole number'
    case 'boolean':
      return 'true or false'
    case 'array':
    case 'tuple':
      return 'a list'
    case 'object':
    case 'record':
    case 'map':
      return 'a map'
    case 'null':
      return 'empty'
    default:
      return type
  }
}

/** `a`, `a or b`, `a, b or c`. */
export function either(words: readonly string[]): string {
  const distinct = [...new Set(words)]
  const last = distinct.pop() ?? ''
  return distinct.length === 0 ? last : `${distinct.join(', ')} or ${last}`
}

function quoteShort(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  return JSON.stringify(line.length > 40 ? `${line.slice(0, 37)}...` : line)
}
