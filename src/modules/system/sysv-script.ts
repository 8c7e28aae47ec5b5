import { serviceManager } from '../../facts/service-manager.ts'
import { sysvService } from '../../facts/sysv-service.ts'
import type { Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import type { Vars } from '../../model/value.ts'
import { sh } from '../../util/sh.ts'
import { moduleFailure } from '../failure.ts'
import { serviceCommand, verbFor, type WantedService } from './service-change.ts'

const path = sh`PATH="$PATH:/usr/sbin:/sbin"`

/** Brings a service with a script in /etc/init.d into the wanted state: for hosts that systemd does not run. */
export async function* ensureScript(context: ModuleContext, wanted: WantedService): Steps {
  const name = wanted.name.replace(/\.service$/, '')
  const found = await context.freshFact(sysvService, name)
  if (!found.present && !context.check) {
    if (wanted.state === 'stopped' && wanted.enabled !== true) {
      return {
        data: { name, state: 'stopped' },
        why: `${name} has no script in /etc/init.d, so it does not run`,
      }
    }
    const { init, systemctl } = await context.fact(serviceManager)
    throw moduleFailure(
      'service-manager-missing',
      `${context.host} cannot run the service ${name}: systemd does not run here (PID 1 is ${init}), and /etc/init.d/${name} does not exist`,
      systemctl
        ? 'boot the host with systemd, or start the program with a command task'
        : 'install the package that brings the service',
    )
  }
  if (wanted.masked) {
    throw moduleFailure(
      'systemd-not-running',
      `${name} cannot be masked: systemd does not run on ${context.host}`,
    )
  }
  let changed = false
  if (wanted.enabled !== undefined && wanted.enabled !== found.enabled) {
    // `defaults` makes the links where none exist yet; enable alone would do nothing.
    const action = wanted.enabled
      ? sh`${path} update-rc.d ${name} defaults && ${path} update-rc.d ${name} enable`
      : sh`${path} update-rc.d ${name} disable`
    yield* serviceCommand(context, `${wanted.enabled ? 'enable' : 'disable'} ${name}`, action, null)
    changed = true
  }
  const verb = verbFor(wanted.state, found.running)
  if (verb !== null) {
    const call = (word: string) => sh`${path} service ${name} ${word} < /dev/null`
    const isSlow = verb === 'restart' && wanted.sleep !== undefined
    const action = isSlow ? sh`${call('stop')}; sleep ${String(wanted.sleep)}; ${call('start')}` : call(verb)
    yield* serviceCommand(context, `${verb} ${name}`, action, null)
    changed = true
  }
  const data: Vars = {
    name,
    ...(wanted.state === undefined ? {} : { state: wanted.state }),
    ...(wanted.enabled === undefined ? {} : { enabled: wanted.enabled }),
  }
  return changed
    ? { data }
    : {
        data,
        why: `${name} ${found.running ? 'runs' : 'does not run'}${wanted.enabled === undefined ? '' : `, ${found.enabled ? 'enabled' : 'disabled'}`}`,
      }
}
