import { z } from 'zod'
import { findGuest } from '../../lab/find-guests.ts'
import { guestFiles } from '../../lab/guest-files.ts'
import { onlyLab } from '../../lab/lab-name.ts'
import { readLibvirt } from '../../lab/libvirt/libvirt-state.ts'
import { sh } from '../../util/sh.ts'
import { moduleFailure } from '../failure.ts'
import { bool, int, text } from '../params.ts'
import { defineQuery } from '../query.ts'

const params = z.strictObject({
  guest: text().describe('Name of the guest, or of its domain'),
  lab: onlyLab().describe('Only guests of this lab'),
  lines: int()
    .refine((count) => count >= 0, { error: 'must be at least 0' })
    .optional()
    .describe('Only the last lines'),
  follow: bool()
    .default(false)
    .describe('Go on with what comes, until the run is interrupted or its deadline passes'),
})

/** What a guest printed on its serial console. */
export const libvirtLog = defineQuery({
  name: 'libvirt_log',
  doc: 'Shows the serial log of a guest, also of one that is off: what firmware, kernel and systemd printed since its last start.',
  params,
  async answer(context, { guest: name, lab, lines, follow }) {
    const state = await readLibvirt(context, context.host)
    const { domain, metadata } = findGuest(name, lab, state, context.host)
    const { serialLog } = guestFiles(domain.name)
    // -F: a start of the guest begins the log anew, and the reader stays.
    const how = [...(lines === undefined ? ['-n', '+1'] : ['-n', String(lines)]), ...(follow ? ['-F'] : [])]
    const { exitCode, stderr } = await context.run(
      // A log that begins anew is nothing to read about.
      sh`[ -r ${serialLog} ] && exec tail ${how} -- ${serialLog} ${follow ? sh`2>/dev/null` : sh``}`,
      { stream: true },
    )
    if (exitCode !== 0)
      throw moduleFailure(
        'file-not-readable',
        `The serial log of guest ${metadata.guest} on ${context.host} cannot be read.`,
        'A guest that was never started has none.',
        stderr,
      )
    return {}
  },
})
