import type { Test } from 'tap'

/**
 * What a test made on this machine goes away with the test, also when it fails, is interrupted or runs out of time.
 * Hence the clean-up is synchronous: nothing else runs in a process that is about to end.
 */
export function atEnd(t: Test, cleanup: () => void): void {
  const once = () => {
    if (pending.delete(once)) cleanup()
  }
  pending.add(once)
  t.teardown(once)
}

const pending = new Set<() => void>()

function runAll(): void {
  for (const cleanup of [...pending].reverse()) {
    try {
      cleanup()
    } catch (error) {
      process.stderr.write(`clean-up: ${error instanceof Error ? error.message : String(error)}\n`)
    }
  }
}

process.once('exit', runAll)
for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => {
    runAll()
    process.exit(exitCode)
  })
}
