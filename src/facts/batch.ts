import type { Command, CommandPart } from '../model/command.ts'
import type { Fact } from '../model/fact.ts'

/** Any fact without arguments. */
// The result type is read back by `answer`, so it may be anything here.
type PlainFact = Pick<Fact<[], unknown>, 'name' | 'command' | 'parse'>

export type BatchAnswer = <T>(fact: Fact<[], T>) => T

/** Several facts in one round trip: each runs in a subshell of its own, between lines `##name` and `##= exit code`. */
export function batchCommand(facts: readonly PlainFact[]): Command {
  const parts = facts.flatMap((fact): CommandPart[] => [
    { kind: 'shell', text: "printf '\\n##%s\\n' " },
    { kind: 'quoted', text: fact.name },
    { kind: 'shell', text: '; ( ' },
    ...fact.command().parts,
    { kind: 'shell', text: " ) 2>/dev/null; printf '\\n##= %s\\n' $?; " },
  ])
  return { parts: [...parts, { kind: 'shell', text: 'true' }] }
}

/** Takes the output apart again and parses each fact when it is asked for. */
export function batchAnswer(stdout: string): BatchAnswer {
  const found = new Map<string, { stdout: string; exitCode: number }>()
  for (const match of stdout.matchAll(/^##([^=\n]*)\n([\s\S]*?)\n##= (\d+)$/gm)) {
    found.set(match[1] ?? '', { stdout: match[2] ?? '', exitCode: Number(match[3]) })
  }
  return (fact) => fact.parse({ exitCode: 127, stdout: '', ...found.get(fact.name), stderr: '' })
}
