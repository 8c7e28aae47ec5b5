import { join } from 'node:path'

/** Where trees and hosts live. Nothing else has to be believed: everything that runs or is mounted carries a label. */
export const sandboxFolder = '/var/lib/hvlab/sandbox'
export const treesFolder = join(sandboxFolder, 'trees')
export const hostsFolder = join(sandboxFolder, 'hosts')

/**
 * Names of sandboxes and hosts; they become paths that root removes. Whoever may run a process or mount a file system (FUSE) on the
 * machine can write a label, so one that is no such name is nobody's.
 */
export const namePattern = /^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$/

/** The mark of a sandbox on its bridge (alias), its firewall rules (comment) and its mounts (source). */
const prefix = 'hvlab-sandbox:'

export function labelOf(sandbox: string): string {
  return `${prefix}${sandbox}`
}

/** `hvlab-sandbox:demo` → `demo`; undefined for what is not ours. */
export function sandboxOf(label: string): string | undefined {
  const name = label.startsWith(prefix) ? label.slice(prefix.length) : ''
  return namePattern.test(name) ? name : undefined
}

export function mountLabel(sandbox: string, host: string): string {
  return `${labelOf(sandbox)}/${host}`
}

/** `hvlab-sandbox:demo/node1` → `demo`, `node1`; undefined for what is not ours. */
export function hostOf(label: string): Place | undefined {
  return label.startsWith(prefix) ? placeIn(label.slice(prefix.length)) : undefined
}

/** Files of a sandbox. */
export function sandboxFiles(sandbox: string) {
  const folder = join(hostsFolder, sandbox)
  return { folder, knownHosts: join(folder, 'known_hosts') }
}

/** Files of one host; `record` is written last, so a folder without it is half made. */
export function hostFiles(sandbox: string, host: string) {
  const folder = join(hostsFolder, sandbox, host)
  return {
    folder,
    upper: join(folder, 'upper'),
    work: join(folder, 'work'),
    root: join(folder, 'root'),
    console: join(folder, 'console.log'),
    record: join(folder, 'host.json'),
  }
}

/** Which host of which sandbox. */
export interface Place {
  readonly sandbox: string
  readonly host: string
}

/** `/var/lib/hvlab/sandbox/hosts/demo/node1/` → `demo`, `node1`. */
export function placeOf(path: string): Place | undefined {
  return path.startsWith(`${hostsFolder}/`)
    ? placeIn(path.slice(hostsFolder.length + 1).replace(/\/$/, ''))
    : undefined
}

function placeIn(text: string): Place | undefined {
  const [sandbox = '', host = '', ...rest] = text.split('/')
  return rest.length === 0 && namePattern.test(sandbox) && namePattern.test(host)
    ? { sandbox, host }
    : undefined
}
