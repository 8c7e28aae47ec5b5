import { join } from 'node:path'

/** Where trees and hosts live. Nothing else has to be believed: everything that runs or is mounted carries a label. */
export const sandboxFolder = '/var/lib/hvlab/sandbox'
export const treesFolder = join(sandboxFolder, 'trees')
export const hostsFolder = join(sandboxFolder, 'hosts')

/** The mark of a sandbox on its bridge (alias), its firewall rules (comment) and its mounts (source). */
const prefix = 'hvlab-sandbox:'

export function labelOf(sandbox: string): string {
  return `${prefix}${sandbox}`
}

/** `hvlab-sandbox:demo` and `hvlab-sandbox:demo/node1` → `demo`; undefined for what is not ours. */
export function sandboxOf(label: string): string | undefined {
  return label.startsWith(prefix) ? label.slice(prefix.length).split('/')[0] : undefined
}

export function mountLabel(sandbox: string, host: string): string {
  return `${labelOf(sandbox)}/${host}`
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

/** `/var/lib/hvlab/sandbox/hosts/demo/node1/host.json` → `[demo, node1]`. */
export function placeOf(path: string): { sandbox: string; host: string } | undefined {
  const [sandbox, host] = path.startsWith(`${hostsFolder}/`)
    ? path.slice(hostsFolder.length + 1).split('/')
    : []
  return sandbox && host ? { sandbox, host } : undefined
}
