/** The last line that a shell printed on stderr, without the shell's own prefix (`/bin/sh: 1: eval: …`). */
export function shellError(stderr: string, exitCode: number): string {
  const last = stderr.trim().split('\n').at(-1) ?? ''
  const plain = last.replace(/^\S*sh: (?:(?:line )?\d+: )?(?:eval: )?(?:line \d+: )?/, '')
  return plain === '' ? `exit code ${exitCode}` : plain
}
