import { z } from 'zod'
import { defineFact } from '../facts/fact.ts'
import { readSections, sections } from '../facts/sections.ts'
import { lines } from '../facts/text.ts'
import { stateFolder } from '../lab/guest-files.ts'
import type { Command } from '../model/command.ts'
import { parsedJson } from '../util/json.ts'
import { printable } from '../util/printable.ts'
import { sh } from '../util/sh.ts'

/** A bridge that hvlab made on a network card. Its folder is on the host, so that `down` finds it without other records. */
export interface BridgeRecord {
  readonly lab: string
  readonly bridge: string
  readonly card: string
  /** What was rewritten, e.g. `netplan`. */
  readonly service: string
}

export interface KnownBridge extends BridgeRecord {
  /**
   * `made`: a new login confirmed it; `undone`: nobody did, and the card has its own configuration again; `switching`:
   * a change is under way now; `broken`: one was, and a reboot ended it on a host without systemd; `unreadable`: its record is
   * damaged, and lab, card and service are empty.
   */
  readonly state: 'made' | 'undone' | 'switching' | 'broken' | 'unreadable'
  /** The files are as hvlab wrote them. */
  readonly unchanged: boolean
  /** Ports but the card, such as guests' taps. */
  readonly otherPorts: readonly string[]
}

export const bridgesFolder = `${stateFolder}/bridges`

export const bridgeFolder = (bridge: string): string => `${bridgesFolder}/${bridge}`

/** Empty files whose renaming says who was first: the login that confirms, or the clock that undoes. */
export const tokens = { armed: 'armed', undoing: 'undoing', made: 'made', undone: 'undone' } as const

const schema = z.strictObject({
  lab: z.string(),
  bridge: z.string().regex(/^[\w.-]{1,15}$/),
  card: z.string().regex(/^[^\s/]{1,15}$/),
  service: z.string(),
})

/** As root; those whose record cannot be read at the end. */
export const knownBridges = defineFact<[], KnownBridge[]>({
  name: 'bridges-of-cards',
  command: () =>
    sections({
      bridges: sh`cd ${bridgesFolder} && for b in *; do [ -d "$b" ] || continue
printf '%s %s %s %s ' "$b" "$(base64 -w0 "$b/record.json")" "$(${stateOf(sh`"$b"`)})" "$(sha256sum --check --status "$b/sums" 2>/dev/null && echo same || echo other)"
for p in "/sys/class/net/$b/brif"/*; do [ ! -e "$p" ] || printf '%s ' "\${p##*/}"; done; echo
done`,
    }),
  parse: ({ stdout }) => {
    const all = lines(readSections(stdout)('bridges')).map(readLine)
    const isWhole = ({ state }: KnownBridge) => state !== 'unreadable'
    return [...all.filter(isWhole), ...all.filter((one) => !isWhole(one))]
  },
})

function stateOf(folder: Command): Command {
  return sh`if [ -e ${folder}/${tokens.armed} ] || [ -e ${folder}/${tokens.undoing} ]; then
  if grep -aqs ${bridgesFolder} "/proc/$(cat ${folder}/pid)/cmdline"; then echo switching; else echo broken; fi
elif [ -e ${folder}/${tokens.made} ]; then echo made; else echo undone; fi`
}

function readLine(line: string): KnownBridge {
  const [folder = '', json = '', state, sums, ...ports] = line.split(' ')
  const record = schema.safeParse(parsedJson(Buffer.from(json, 'base64').toString()))
  if (!record.success || record.data.bridge !== folder || !isState(state))
    return {
      lab: '',
      bridge: printable(folder),
      card: '',
      service: '',
      state: 'unreadable',
      unchanged: false,
      otherPorts: [],
    }
  const { card } = record.data
  return {
    ...record.data,
    state,
    unchanged: sums === 'same',
    otherPorts: ports.filter((port) => port !== card && /^[^\s/]{1,15}$/.test(port)),
  }
}

function isState(text: string | undefined): text is KnownBridge['state'] {
  return text === 'made' || text === 'undone' || text === 'switching' || text === 'broken'
}
