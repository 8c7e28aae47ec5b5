import { FailureError } from '../model/failure.ts'
import type { HostAccess } from '../model/host-access.ts'
import { sh } from '../util/sh.ts'
import { sleep } from '../util/sleep.ts'
import type { DomainState } from './libvirt/domain-state.ts'
import { virsh } from './libvirt/virsh.ts'

/** How long a guest may take to shut down, milliseconds. */
const patienceMs = { kvm: 30_000, tcg: 120_000 } as const

/**
 * A guest that is still booting does not hear the button, and a login may work before something listens: it is pressed again after
 * this time. Who has heard it takes no notice of the next.
 */
const pressEveryMs = 2_000

/** Shuts a guest down as its power button would; switches it off when it does not follow. */
export async function stopGuest(
  host: HostAccess,
  domain: DomainState,
): Promise<'shut down' | 'switched off'> {
  if (await shutDown(host, domain, patienceOf(domain))) return 'shut down'
  await switchOff(host, domain)
  return 'switched off'
}

/** Shuts a guest down as its power button would. Throws when it still runs at the deadline; it is left as it is then. */
export async function stopGently(
  host: HostAccess,
  domain: DomainState,
  hostName: string,
  deadlineSeconds?: number,
): Promise<void> {
  const patience = deadlineSeconds === undefined ? patienceOf(domain) : deadlineSeconds * 1000
  if (await shutDown(host, domain, patience)) return
  throw new FailureError({
    reason: 'timeout',
    code: 'guest-not-stopped',
    message: `Guest ${domain.name} on ${hostName} still runs ${Math.round(patience / 1000)} s after its power button was pressed.`,
    hint: 'Look at its console or log; give it longer (deadline, in seconds), or switch it off (force): what it has not written is lost then.',
  })
}

/** As if its plug were pulled. */
export async function switchOff(host: HostAccess, domain: DomainState): Promise<void> {
  const result = await host.run(
    sh`${virsh} destroy ${domain.uuid} >/dev/null || [ "$(${virsh} domstate ${domain.uuid})" = 'shut off' ]`,
  )
  if (result.exitCode === 0) return
  throw new FailureError({
    reason: 'module',
    code: 'guest-not-stopped',
    message: `Guest ${domain.name} could not be switched off.`,
    details: result.stderr.trim(),
  })
}

/** Whether it was off before the time passed. */
async function shutDown(host: HostAccess, domain: DomainState, patience: number): Promise<boolean> {
  const until = performance.now() + patience
  let pressedAt = Number.NEGATIVE_INFINITY
  while (performance.now() < until) {
    if (performance.now() - pressedAt >= pressEveryMs) {
      await host.run(sh`${virsh} shutdown ${domain.uuid} >/dev/null 2>&1`)
      pressedAt = performance.now()
    }
    const state = await host.run(sh`${virsh} domstate ${domain.uuid}`)
    if (state.stdout.trim() === 'shut off') return true
    await sleep(250)
  }
  return false
}

function patienceOf(domain: DomainState): number {
  return patienceMs[domain.metadata?.accelerator ?? 'tcg']
}
