import type { Vars } from '../model/value.ts'
import { err, ok, type Result } from '../util/result.ts'

/** Words of a command line that are no parameters although they have a `=`: only these are taken out of free-form text. */
const besideCommand = new Set([
  'chdir',
  'creates',
  'removes',
  'executable',
  'stdin',
  'stdin_add_newline',
  'strip_empty_ends',
])

/**
 * Splits `command: make install chdir=/src creates="/a b"` into its parameters; the rest stays as it was written,
 * quotes included, under the free-form parameter.
 */
export function splitCommandText(text: string, freeForm: string): Vars {
  const params: Vars = Object.create(null)
  const rest: string[] = []
  let end = 0
  for (const word of rawWords(text)) {
    const equals = word.text.indexOf('=')
    const name = word.text.slice(0, Math.max(0, equals))
    if (equals > 0 && besideCommand.has(name)) {
      rest.push(text.slice(end, word.start).replace(/[ \t]+$/, ''))
      params[name] = unquoted(word.text.slice(equals + 1))
      end = word.end
    }
  }
  rest.push(text.slice(end))
  params[freeForm] = rest.join('').trim()
  return params
}

/** Splits `src=a dest="b c"` into parameters, or says which word is none. */
export function splitAssignments(text: string): Result<Vars, string> {
  const params: Vars = Object.create(null)
  for (const { text: word } of rawWords(text)) {
    const match = /^([A-Za-z_][\w-]*)=/.exec(word)
    if (!match) return err(word)
    params[match[1] ?? ''] = unquoted(word.slice(match[0].length))
  }
  return ok(params)
}

interface Word {
  readonly text: string
  readonly start: number
  readonly end: number
}

/** Words between blanks; quotes and `{{ … }}` keep blanks together. */
function rawWords(text: string): Word[] {
  const words: Word[] = []
  const word = /(?:\{\{.*?\}\}|\{%.*?%\}|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\\.|\S)+/gs
  for (const match of text.matchAll(word)) {
    words.push({ text: match[0], start: match.index, end: match.index + match[0].length })
  }
  return words
}

function unquoted(text: string): string {
  const isQuoted = text.length > 1 && /^(["']).*\1$/s.test(text)
  return withoutEscapes(isQuoted ? text.slice(1, -1) : text)
}

/** Ansible reads Python's escapes in `name=value`: `content="a\nb"` has two lines. */
function withoutEscapes(text: string): string {
  const sequence = /\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|([\\'"abfnrtv]))/gi
  return text.replace(sequence, (whole, unicode?: string, byte?: string, letter?: string) => {
    if (letter === undefined) return String.fromCharCode(Number.parseInt(unicode ?? byte ?? '', 16))
    return letters[letter] ?? (/[a-z]/i.test(letter) ? whole : letter)
  })
}

const letters: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}
