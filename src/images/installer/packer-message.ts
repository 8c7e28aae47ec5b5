import { printable } from '../../util/printable.ts'

/** Why Packer failed, where it says so: `Build 'NAME' errored: …` (1.6) or `Build 'NAME' errored after …: …`. */
export function packerError(output: string): string | undefined {
  const lines = linesOf(output)
  const errored = lines.flatMap((line) => /^Build '[^']*' errored[^:]*: (.+)$/.exec(line)?.[1] ?? [])
  return (errored[0] ?? lines.find((line) => /^(\* |\S*: )?error[: ]/i.test(line)))?.slice(0, 500)
}

/** The last thing that a program printed; empty when that is nothing. */
export function lastLine(output: string): string {
  return (linesOf(output).at(-1) ?? '').slice(0, 500)
}

function linesOf(output: string): string[] {
  return printable(output)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}
