import type { Event } from '../model/event.ts'
import type { Renderer } from '../model/renderer.ts'

/** Every event as one line of JSON on stdout: the same lines that the journal keeps. */
export function jsonlRenderer(stdout: (text: string) => void): Renderer {
  return {
    handle(event: Event) {
      stdout(`${JSON.stringify(event)}\n`)
    },
    async close() {},
  }
}
