import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { atEnd } from '../cleanup.ts'
import { runningProcess, stillRuns } from '../processes.ts'
import { must } from '../tool.ts'
import { type Bridge, makeBridge, removeBridge } from './bridge.ts'
import { NspawnHost, stopHost } from './host.ts'
import { hostTree, testCache } from './tree.ts'

/** Hosts on a bridge of their own. */
export interface Site {
  readonly hosts: readonly NspawnHost[]
  /** Private key of root's login on every host. */
  readonly keyFile: string
  /** An address of the bridge's subnet where nothing listens. */
  readonly deadAddress: string
}

const sites = join(testCache, 'sites')

/** Boots hosts with these names and waits until each takes logins. They are gone when the test ends. */
export async function nspawnSite(t: Test, names: readonly string[]): Promise<Site> {
  removeLeftovers()
  const tree = hostTree()
  const folder = join(sites, String(process.pid))
  atEnd(t, () => removeSite(folder))
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const bridge = makeBridge()
  const { pid, started } = runningProcess(process.pid) ?? { pid: process.pid, started: '' }
  writeFileSync(join(folder, 'site.json'), JSON.stringify({ owner: { pid, started }, bridge }))
  const keyFile = join(folder, 'id_ed25519')
  must('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', keyFile])
  const hosts = names.map(
    (name, index) =>
      new NspawnHost({
        name,
        address: `${bridge.prefix}.${11 + index}`,
        bridge,
        tree,
        folder: join(folder, name),
        keyFile,
      }),
  )
  await Promise.all(hosts.map((host) => host.ready()))
  return { hosts, keyFile, deadAddress: `${bridge.prefix}.250` }
}

interface SiteRecord {
  readonly owner: { readonly pid: number; readonly started: string }
  readonly bridge: Bridge
}

/** What a test process that was killed could not remove. */
function removeLeftovers(): void {
  mkdirSync(sites, { recursive: true })
  for (const name of readdirSync(sites)) {
    const record = readRecord(join(sites, name))
    if (record === undefined || !stillRuns(record.owner)) removeSite(join(sites, name))
  }
}

function removeSite(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) stopHost(join(folder, entry.name))
  const record = readRecord(folder)
  if (record !== undefined) removeBridge(record.bridge)
  rmSync(folder, { recursive: true, force: true })
}

function readRecord(folder: string): SiteRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'site.json'), 'utf8')) as SiteRecord
  } catch {
    // The process died before it had written it.
    return undefined
  }
}
