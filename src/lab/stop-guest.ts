import { setTimeout as delay } from 'node:timers/promises'
import type { HostAccess } from '../modules/module.ts'
import { sh } from '../util/sh.ts'
import type { DomainState } from './domain-state.ts'
import { virsh } from './virsh.ts'

/** How long a guest may take to shut down before it is switched off, milliseconds. */
const patienceMs = { kvm: 30_000, tcg: 120_000 } as const

/** Shuts a guest down as its power button would; switches it off when it does not follow. */
export async function stopGuest(
  host: HostAccess,
  domain: DomainState,
): Promise<'shut down' | 'switched off'> {
  await host.run(sh`${virsh} shutdown ${domain.uuid} >/dev/null 2>&1`)
  const until = Date.now() + patienceMs[domain.metadata?.accelerator ?? 'tcg']
  while (Date.now() < until) {
    const state = await host.run(sh`${virsh} domstate ${domain.uuid}`)
    if (state.stdout.trim() === 'shut off') return 'shut down'
    await delay(500)
  }
  await host.run(sh`${virsh} destroy ${domain.uuid} >/dev/null`)
  return 'switched off'
}
