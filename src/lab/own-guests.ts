import { defineFact } from '../facts/fact.ts'
import { readSections, sections } from '../facts/sections.ts'
import { lines, pairs } from '../facts/text.ts'
import { sh } from '../util/sh.ts'

/** A guest that hvlab made earlier and what it takes of its host now. */
export interface OwnGuest {
  readonly domain: string
  /** Resident memory of its QEMU; 0 when it is off. */
  readonly memoryMb: number
  readonly diskMb: number
}

/**
 * Guests by their folders and processes, without libvirt: it may not be installed yet, and what counts is what they
 * really take. QEMU has `-name guest=<domain>,…` from libvirt on its command line.
 */
export const ownGuests = defineFact<[folder: string], readonly OwnGuest[]>({
  name: 'own-guests',
  command: (folder) =>
    sections({
      disks: sh`du -sk ${folder}/*/`,
      processes: sh`for line in $(grep -az '^guest=' /proc/[0-9]*/cmdline | tr '\\0' '\\n'); do file=\${line%%:*}; name=\${line#*guest=}; printf '%s\\t%s\\n' "\${name%%,*}" "$(sed -n 's/^VmRSS:[^0-9]*\\([0-9]*\\).*/\\1/p' "\${file%cmdline}status")"; done`,
    }),
  parse({ stdout }) {
    const section = readSections(stdout)
    const resident = pairs(section('processes'), '\t')
    return lines(section('disks')).flatMap((line) => {
      const match = /^(\d+)\t.*\/([^/]+)\/$/.exec(line)
      const domain = match?.[2]
      if (match === null || domain === undefined || domain === '*') return []
      return [
        {
          domain,
          memoryMb: Math.floor((Number(resident.get(domain)) || 0) / 1024),
          diskMb: Math.floor(Number(match[1]) / 1024),
        },
      ]
    })
  },
})
