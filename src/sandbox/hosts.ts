import { FailureError } from '../model/failure.ts'
import { hostFiles } from './label.ts'
import type { HostRecord } from './record.ts'
import type { SandboxState } from './state.ts'

export interface Host {
  readonly record: HostRecord
  /** Of its systemd-nspawn, while it runs. */
  readonly pid?: string
}

/** Hosts of one sandbox or of all: what runs, and what has files. */
export function hostsOf(state: SandboxState, name: string | undefined): Host[] {
  const running = state.processes.map(({ record, pid }) => ({ record, pid }))
  const stopped = state.folders.flatMap(({ record }) =>
    record === undefined || running.some((host) => isSame(host.record, record)) ? [] : [{ record }],
  )
  return [...running, ...stopped]
    .filter(({ record }) => name === undefined || record.sandbox === name)
    .toSorted((a, b) => order(a).localeCompare(order(b)))
}

export type DamagedHost = {
  readonly sandbox: string
  readonly host: string
  readonly file: string
  readonly why: string
}

/** Hosts that do not run and whose record cannot be read: neither their address nor their key is known. */
export function damagedOf({ folders, processes }: SandboxState, name: string | undefined): DamagedHost[] {
  return folders.flatMap(({ sandbox, host, damage: why }) => {
    const isOther = name !== undefined && sandbox !== name
    const runs = processes.some(({ record }) => record.sandbox === sandbox && record.host === host)
    return why === undefined || isOther || runs
      ? []
      : [{ sandbox, host, file: hostFiles(sandbox, host).record, why }]
  })
}

/** What is on the disk of such a host is somebody's: it is not made anew without being told. */
export function refuseDamaged([first, ...others]: readonly DamagedHost[]): void {
  if (first === undefined) return
  const { sandbox, host, file, why } = first
  const more =
    others.length === 0 ? '' : ` The same goes for ${others.map((other) => other.host).join(', ')}.`
  throw new FailureError({
    reason: 'module',
    code: 'sandbox-record-damaged',
    message: `The record of the sandbox host ${host} is damaged: ${file}: ${why}.${more}`,
    hint: `\`hvlab sandbox down --name ${sandbox}\` removes the hosts of that sandbox; then \`up\` makes them anew.`,
  })
}

const isSame = (a: HostRecord, b: HostRecord) => a.sandbox === b.sandbox && a.host === b.host
const order = ({ record }: Host) =>
  `${record.sandbox} ${record.host.replace(/\d+$/, (digits) => digits.padStart(3, '0'))}`
