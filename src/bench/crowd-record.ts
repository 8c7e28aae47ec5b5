import { z } from 'zod'
import { sampleSchema } from './record.ts'

export const scenarioNames = ['contention', 'neighbour'] as const
export type ScenarioName = (typeof scenarioNames)[number]

/** Channel `crowd`: trials in several guests that began together. */
export const crowdSchema = z.object({
  hypervisor: z.string(),
  scenario: z.enum(scenarioNames),
  workload: z.string(),
  block: z.number(),
  /** Guests that ran the workload; the others of `samples` were their neighbours. */
  measured: z.array(z.string()),
  /** Seconds between the first and the last workload to begin: guests' own clocks, held against the controller's while they wait; ± 0.02 s. */
  skew_s: z.number().nullable(),
  samples: z.array(sampleSchema),
})
export type Crowd = z.output<typeof crowdSchema>

/** Channel `skipped`: what the machine could not do. */
export const skippedSchema = z.object({
  hypervisor: z.string(),
  /** A scenario, a workload or a guest. */
  what: z.string(),
  why: z.string(),
  /** Name of the guest that it would have been. */
  guest: z.string().nullable().default(null),
})
export type Skipped = z.output<typeof skippedSchema>
