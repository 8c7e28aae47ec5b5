import type { Command, CommandPart } from '../../model/command.ts'
import { moduleFailure } from '../failure.ts'

/** Words of a command line by POSIX shell rules, without expansion: Python's `shlex.split`. */
export function splitWords(line: string): string[] {
  const words: string[] = []
  let word: string | null = null
  let at = 0
  const take = (text: string): void => {
    word = (word ?? '') + text
  }
  while (at < line.length) {
    const letter = line[at] ?? ''
    if (letter === "'") {
      const end = line.indexOf("'", at + 1)
      if (end < 0) throw unclosed(line)
      take(line.slice(at + 1, end))
      at = end + 1
    } else if (letter === '"') {
      const match = /^"((?:[^"\\]|\\.)*)"/s.exec(line.slice(at))
      if (!match) throw unclosed(line)
      take((match[1] ?? '').replace(/\\(["\\])/g, '$1'))
      at += match[0].length
    } else if (letter === '\\' && at + 1 < line.length) {
      take(line[at + 1] ?? '')
      at += 2
    } else if (/\s/.test(letter)) {
      if (word !== null) words.push(word)
      word = null
      at += 1
    } else {
      take(letter)
      at += 1
    }
  }
  return word === null ? words : [...words, word]
}

function unclosed(line: string) {
  return moduleFailure(
    'command-not-split',
    `a quotation mark does not close in: ${line}`,
    'close it, or use argv',
  )
}

/** Names that a POSIX shell takes for itself: `command: exit 3` means a program of that name, as Ansible's does. */
const shellsOwn: ReadonlySet<string> = new Set(
  (
    '. : [ alias bg break cd command continue echo eval exec exit export false fc fg getopts hash jobs kill local printf pwd ' +
    'read readonly return set shift test time times trap true type ulimit umask unalias unset wait'
  ).split(' '),
)

/**
 * A command that runs these words as they are, but for what Ansible expands: `$NAME`, `${NAME}` and a leading `~`.
 * Variables that the host lacks stay as written.
 */
export function expandedCommand(words: readonly string[], expand: boolean): Command {
  return expandedWords(shellsOwn.has(words[0] ?? '') ? ['env', ...words] : words, expand)
}

export function expandedWords(words: readonly string[], expand: boolean): Command {
  const parts = words.flatMap((word, index): CommandPart[] => [
    ...(index > 0 ? [{ kind: 'shell' as const, text: ' ' }] : []),
    ...(expand ? expandedWord(word) : [{ kind: 'quoted' as const, text: word }]),
  ])
  return { parts }
}

function expandedWord(word: string): CommandPart[] {
  const home = /^~[a-z_]?[a-z0-9_-]*(?=\/|$)/i.exec(word)?.[0]
  const rest = home === undefined ? word : word.slice(home.length)
  const parts: CommandPart[] = home === undefined ? [] : [{ kind: 'shell', text: home }]
  let from = 0
  for (const match of rest.matchAll(/\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})/g)) {
    if (match.index > from) parts.push({ kind: 'quoted', text: rest.slice(from, match.index) })
    const name = match[1] ?? match[2] ?? ''
    parts.push({ kind: 'shell', text: `"\${${name}-\\${match[0]}}"` })
    from = match.index + match[0].length
  }
  if (from < rest.length || (from === 0 && home === undefined))
    parts.push({ kind: 'quoted', text: rest.slice(from) })
  return parts
}
