import { type Scope, type SystemdUnit, systemctl, systemdUnit } from '../../facts/systemd-unit.ts'
import type { Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import type { Vars } from '../../model/value.ts'
import { sh } from '../../util/sh.ts'
import { moduleFailure } from '../failure.ts'
import { serviceCommand, serviceFailure, verbFor, type WantedService } from './service-change.ts'

export interface SystemdOptions {
  readonly scope: Scope
  readonly daemonReload?: boolean
  readonly daemonReexec?: boolean
  readonly noBlock?: boolean
}

/** Unit files of these kinds are started by others: there is nothing to enable or disable. */
const notEnableable = new Set(['static', 'indirect', 'generated', 'transient', 'alias', 'linked'])

/** Brings a unit into the wanted state, in Ansible's order: reload, mask, enable, state. */
export async function* ensureUnit(
  context: ModuleContext,
  wanted: WantedService,
  options: SystemdOptions,
): Steps {
  const { name } = wanted
  const call = systemctl(options.scope)
  const log = sh`journalctl --no-pager -q -n 20 -u ${name}`
  let changed = false
  if (options.daemonReload) {
    yield { summary: 'make systemd read its unit files again', action: sh`${call} daemon-reload` }
  }
  if (options.daemonReexec) {
    yield { summary: 'make systemd start itself anew', action: sh`${call} daemon-reexec` }
  }
  if (name === '') return { changed: false, why: 'only systemd itself was asked to reload' }
  const unit = await readUnit(context, name, options.scope, wanted)
  const status: Vars = unit.properties
  const isMasked = unit.loadState === 'masked' || unit.enabledState.startsWith('masked')
  if (wanted.masked !== undefined && wanted.masked !== isMasked) {
    yield* serviceCommand(
      context,
      `${wanted.masked ? 'mask' : 'unmask'} ${name}`,
      sh`${call} ${wanted.masked ? 'mask' : 'unmask'} -- ${name}`,
      null,
    )
    changed = true
  }
  if (wanted.enabled !== undefined && !notEnableable.has(unit.enabledState)) {
    const enabled = unit.enabledState.startsWith('enabled')
    if (enabled !== wanted.enabled) {
      const verb = wanted.enabled ? 'enable' : 'disable'
      yield* serviceCommand(context, `${verb} ${name}`, sh`${call} ${verb} -- ${name}`, null)
      changed = true
    }
  }
  const running = ['active', 'activating', 'reloading'].includes(unit.activeState)
  const verb = verbFor(wanted.state, running)
  if (verb !== null) {
    const flags = options.noBlock ? ['--no-block'] : []
    const summary = `${verb} ${name}`
    const applied = yield* serviceCommand(context, summary, sh`${call} ${[...flags, verb]} -- ${name}`, log)
    if (applied && verb !== 'stop' && !options.noBlock)
      await requireNotFailed(context, name, options.scope, summary, log)
    changed = true
  }
  const data: Vars = {
    name,
    status,
    ...(wanted.state === undefined ? {} : { state: wanted.state }),
    ...(wanted.enabled === undefined ? {} : { enabled: wanted.enabled }),
  }
  if (changed) return { data, changed }
  return {
    data,
    changed: false,
    why: `${name} is ${unit.activeState}${wanted.enabled === undefined ? '' : ` and ${unit.enabledState || 'without a unit file'}`}`,
  }
}

async function readUnit(
  context: ModuleContext,
  name: string,
  scope: Scope,
  wanted: WantedService,
): Promise<SystemdUnit> {
  const unit = await context.freshFact(systemdUnit, name, scope)
  const asked = wanted.state !== undefined || wanted.enabled !== undefined || wanted.masked !== undefined
  // In a check run an earlier task may be about to install it.
  if (unit.loadState !== 'not-found' || !asked || context.check || wanted.masked === true) return unit
  if (wanted.state === 'stopped' && wanted.enabled !== true) return unit
  throw moduleFailure(
    'service-unknown',
    `${context.host} has no service ${name}`,
    'is the package that brings it installed?',
  )
}

/** systemctl says yes as soon as a simple service was launched; one that died at once shows as failed. */
async function requireNotFailed(
  context: ModuleContext,
  name: string,
  scope: Scope,
  summary: string,
  log: ReturnType<typeof sh>,
) {
  const unit = await context.freshFact(systemdUnit, name, scope)
  if (unit.activeState !== 'failed') return
  const why = `it ended at once (${unit.properties['Result'] ?? unit.subState})`
  throw await serviceFailure(context, summary, { exitCode: 1, stdout: why, stderr: '' }, log)
}
