import type { Event, RunFinished, RunStarted } from '../model/event.ts'
import type { Renderer } from '../model/renderer.ts'

/** Progress for people as in `plain`, and one JSON document on stdout when the run has ended. */
export function jsonRenderer(progress: Renderer, stdout: (text: string) => void): Renderer {
  let started: RunStarted | undefined
  return {
    handle(event: Event) {
      if (event.kind === 'run.started') started = event
      if (event.kind === 'run.finished') stdout(`${JSON.stringify(document(started, event), null, 2)}\n`)
      else progress.handle(event)
    },
    close: () => progress.close(),
  }
}

function document(started: RunStarted | undefined, finished: RunFinished) {
  return {
    run: started?.runId ?? null,
    pipeline: started?.pipeline ?? null,
    exit_code: finished.exitCode,
    duration_ms: finished.durationMs,
    hosts: finished.recap,
    failures: finished.failures,
    artifacts: finished.artifacts,
    summary: finished.summary ?? null,
  }
}
