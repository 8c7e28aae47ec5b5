import type { CommandEnvironment } from './environment.ts'

/** Data for programs, as `--format` asks for it: indented, or on one line. False when people are asking. */
export function printData(
  value: unknown,
  { format }: { readonly format: string },
  env: Pick<CommandEnvironment, 'stdout'>,
): boolean {
  if (format !== 'json' && format !== 'jsonl') return false
  env.stdout(`${JSON.stringify(value, null, format === 'json' ? 2 : 0)}\n`)
  return true
}
