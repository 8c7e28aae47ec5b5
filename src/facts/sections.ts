import type { Command, CommandPart } from '../model/command.ts'
import { sh } from '../util/sh.ts'
import { withoutAtEnd } from '../util/words.ts'

/**
 * Several queries in one round trip: each part's output comes after a line `@@name`. A part's failure does not stop
 * the next. A host that prints such a line itself can only spoil its own facts.
 */
export function sections(queries: Readonly<Record<string, Command>>): Command {
  const parts = Object.entries(queries).flatMap(([name, query]): CommandPart[] => [
    { kind: 'shell', text: "printf '\\n@@%s\\n' " },
    { kind: 'quoted', text: name },
    { kind: 'shell', text: '; { ' },
    ...query.parts,
    { kind: 'shell', text: '; } 2>/dev/null; ' },
  ])
  return { parts: [...parts, { kind: 'shell', text: 'true' }] }
}

/**
 * The first line of a file, by what the shell has built in. A program that is started for it, such as `cat`, costs a
 * machine that is emulated 20 to 50 ms, and there are many such files in /proc and /sys.
 */
export function firstLine(path: string): Command {
  return sh`{ IFS= read -r line || [ -n "$line" ]; } <${path} && printf '%s\\n' "$line"`
}

/** The same for a short file of text, up to some 2 KiB: a shell reads bytes one by one. */
export function shortFile(path: string): Command {
  return sh`while IFS= read -r line || [ -n "$line" ]; do printf '%s\\n' "$line"; done <${path}`
}

/** Section name to text without the last newline. A section that is missing reads as empty. */
export function readSections(stdout: string): (name: string) => string {
  const found = new Map<string, string[]>()
  let current: string[] = []
  for (const line of stdout.split('\n')) {
    if (line.startsWith('@@')) {
      current = []
      found.set(line.slice(2).trim(), current)
    } else current.push(line)
  }
  return (name) => withoutAtEnd((found.get(name) ?? []).join('\n'), '\n')
}
