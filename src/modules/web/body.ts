import type { Value } from '../../model/value.ts'
import { compactJson } from '../../template/filters-of-data.ts'
import { isDictionary } from '../../template/runtime-value.ts'
import { moduleFailure } from '../failure.ts'

/** A body as bytes, and what it is. */
export interface Body {
  readonly bytes: Uint8Array
  readonly contentType: string | null
}

export function bodyOf(body: Value, format: 'raw' | 'json' | 'form-urlencoded'): Body {
  if (format === 'json')
    return {
      bytes: Buffer.from(typeof body === 'string' ? body : compactJson(body)),
      contentType: 'application/json',
    }
  if (format === 'form-urlencoded')
    return {
      bytes: Buffer.from(typeof body === 'string' ? body : formText(body)),
      contentType: 'application/x-www-form-urlencoded',
    }
  if (typeof body === 'object')
    throw moduleFailure(
      'invalid-parameter',
      'uri: body is no text',
      'body_format: json or form-urlencoded writes maps and lists',
    )
  return { bytes: Buffer.from(asPython(body)), contentType: null }
}

/** A map, or a list of pairs; a value that is a list comes once for each item, and null not at all. */
function formText(body: Value): string {
  const pairs = isDictionary(body)
    ? Object.entries(body)
    : Array.isArray(body)
      ? body.map(pairOf)
      : [pairOf(body)]
  return pairs
    .flatMap(([key, value]) =>
      (Array.isArray(value) ? value : [value]).map((item): [string, Value] => [key, item]),
    )
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${quoted(key)}=${quoted(asPython(value))}`)
    .join('&')
}

function pairOf(item: Value): [string, Value] {
  if (Array.isArray(item) && item.length === 2) return [asPython(item[0] ?? null), item[1] ?? null]
  throw moduleFailure('invalid-parameter', 'uri: body of a form is no map and no list of pairs')
}

function asPython(value: Value): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  return typeof value === 'object' ? compactJson(value) : String(value)
}

/** Python's `quote_plus`. */
function quoted(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}
