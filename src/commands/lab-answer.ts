import { z } from 'zod'
import { reachSchema } from '../lab/access/ssh-command.ts'

/** A guest as its hypervisor's metadata tells. */
const guestSchema = z.object({
  name: z.string(),
  /** Name in the inventory. */
  host: z.string(),
  domain: z.string(),
  address: z.string(),
  state: z.enum(['running', 'paused', 'saved', 'stopped', 'crashed']),
  image: z.string(),
  accelerator: z.object({ type: z.enum(['kvm', 'tcg']), reason: z.string() }),
  lab: z.string(),
  created: z.string(),
  /** Ports of the hypervisor that lead to it. */
  ports: z
    .array(z.object({ address: z.string(), host: z.number(), guest: z.number(), alive: z.boolean() }))
    .default([]),
  /** In what it is no longer what was declared, as sentences. */
  drift: z.array(z.string()).default([]),
  user: z.string(),
  host_key: z.string(),
  key_file: z.string(),
})
const damagedSchema = z.object({ domain: z.string(), fields: z.array(z.string()) })
/** What libvirt_lab answers. */
export const labAnswerSchema = z.object({
  guests: z.array(guestSchema),
  hypervisor: reachSchema,
  damaged: z.array(damagedSchema),
})

export type LabGuest = z.output<typeof guestSchema> & {
  readonly hypervisor: string
  readonly reach: z.output<typeof reachSchema>
}

export type DamagedGuest = z.output<typeof damagedSchema>

/** The guests in a hypervisor's answer; none in one that cannot be read. */
export function guestsOf(hypervisor: string, data: unknown): LabGuest[] {
  const answer = labAnswerSchema.safeParse(data).data
  if (answer === undefined) return []
  return answer.guests.map((guest) => ({ ...guest, hypervisor, reach: answer.hypervisor }))
}
