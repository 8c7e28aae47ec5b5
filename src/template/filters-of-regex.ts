import type { Value } from '../model/value.ts'
import type { Filter } from './filter-arguments.ts'
import { define, FilterArguments, textOf } from './filter-arguments.ts'
import { expandReplacement, pythonRegex } from './python-regex.ts'
import { plain } from './runtime-value.ts'

function options(args: FilterArguments): { ignoreCase: boolean; multiline: boolean } {
  return { ignoreCase: args.flag('ignorecase'), multiline: args.flag('multiline') }
}

const regexSearch: Filter = (input, positional, named) => {
  // Positional arguments after the pattern name the groups wanted: '\\1', '\\g<name>'.
  const args = new FilterArguments(
    'regex_search',
    ['pattern', 'ignorecase', 'multiline'],
    positional.slice(0, 1),
    named,
  )
  const match = pythonRegex(args.text('pattern'), options(args)).exec(textOf(plain(input), 'regex_search'))
  if (match === null) return null
  const groups = positional.slice(1).map((group) => String(plain(group)))
  return groups.length === 0 ? match[0] : groups.map((group) => expandReplacement(group, match))
}

/** Ansible's filters with Python regular expressions. */
export const regexFilters: readonly (readonly [string, Filter])[] = [
  ['regex_search', regexSearch],
  define('regex_replace', ['pattern', 'replacement', 'ignorecase', 'multiline', 'count'], (input, args) => {
    const text = textOf(input, 'regex_replace')
    const replacement = args.text('replacement', '')
    let left = args.number('count', 0) || Number.POSITIVE_INFINITY
    const pattern = pythonRegex(args.text('pattern', ''), { ...options(args), flags: 'g' })
    let result = ''
    let last = 0
    for (const match of text.matchAll(pattern)) {
      if (left <= 0) break
      left -= 1
      result += text.slice(last, match.index) + expandReplacement(replacement, match)
      last = match.index + match[0].length
    }
    return result + text.slice(last)
  }),
  define('regex_findall', ['pattern', 'multiline', 'ignorecase'], (input, args) => {
    const pattern = pythonRegex(args.text('pattern'), { ...options(args), flags: 'g' })
    return [...textOf(input, 'regex_findall').matchAll(pattern)].map((match): Value => {
      if (match.length === 1) return match[0]
      return match.length === 2 ? (match[1] ?? '') : match.slice(1).map((group) => group ?? '')
    })
  }),
  define('regex_escape', ['re_type'], (input) =>
    textOf(input, 'regex_escape').replace(/[.*+?^${}()|[\]\\\-#&~\s]/g, '\\$&'),
  ),
]
