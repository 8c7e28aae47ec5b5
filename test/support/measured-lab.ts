import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Event } from '../../src/model/event.ts'
import { type JournalOptions, journal, recordedEvents } from '../unit/reports/recorded-journal.ts'

/** Simulated figures of a quiet host; the trials differ by 1 %, whole runs by 0.3 %. */
const quiet: JournalOptions = { blocks: 6, spread: { trials: 0.01, runs: 0.003 } }

/** Writes run folders of one lab; a run's name starts with its day of November 2026. */
export class MeasuredLab {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  run(name: string, options: JournalOptions = {}, change = (text: string) => text): void {
    this.events(name, recordedEvents({ ...quiet, seed: seedOf(name), ...options }), change)
  }

  events(name: string, events: readonly Event[], change = (text: string) => text): void {
    const time = `2026-11-${name.slice(0, 2)}T09:00:00.000Z`
    this.file(`results/${name}/journal.jsonl`, change(journal(events, name, time)))
  }

  file(path: string, text: string): void {
    const file = join(this.#folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
}

function seedOf(name: string): number {
  return [...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7)
}

/** Four hosts, one of them slower by 12 %. */
export function fleetEvents(third = 0.88): Event[] {
  return [
    ['node-1', 1, 1],
    ['node-2', 1, 2],
    ['node-3', third, 3],
    ['node-4', 1, 4],
  ].flatMap(([hypervisor, level, seed]) =>
    recordedEvents({ ...quiet, hypervisor: String(hypervisor), level: Number(level), seed: Number(seed) }),
  )
}
