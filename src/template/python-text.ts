import type { Value } from '../model/value.ts'

/** `str()` of Python, as templates print values; none prints nothing, as in Ansible. */
export function pythonText(value: Value): string {
  if (typeof value === 'string') return value
  if (value === null) return ''
  return pythonRepr(value)
}

/** `repr()` of Python: `{'a': [1, True, None]}`. */
export function pythonRepr(value: Value): string {
  if (value === null) return 'None'
  if (value === true) return 'True'
  if (value === false) return 'False'
  if (typeof value === 'number') return numberText(value)
  if (typeof value === 'string') return stringRepr(value)
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`
  const entries = Object.entries(value).map(([key, item]) => `${stringRepr(key)}: ${pythonRepr(item)}`)
  return `{${entries.join(', ')}}`
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return BigInt(value).toString()
  // Python writes small numbers with an exponent sooner, and an exponent with two digits.
  const text = Math.abs(value) < 1e-4 ? value.toExponential() : String(value)
  return text.replace(/e([-+])(\d)$/, 'e$10$2')
}

function stringRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  let result = ''
  for (const character of text) {
    if (character === '\\') result += '\\\\'
    else if (character === quote) result += `\\${quote}`
    else if (character === '\n') result += '\\n'
    else if (character === '\r') result += '\\r'
    else if (character === '\t') result += '\\t'
    else if (/[\0-\x1f\x7f]/.test(character))
      result += `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
    else result += character
  }
  return quote + result + quote
}
