import type { z } from 'zod'
import { serviceManager } from '../../facts/service-manager.ts'
import { moduleFailure } from '../failure.ts'
import { defineModule } from '../module.ts'
import { bool, choice, int, parameters, text } from '../params.ts'
import { ensureUnit } from './systemd-service.ts'
import { ensureScript } from './sysv-script.ts'

const serviceParams = parameters(
  {
    name: text().optional().describe('Name of the service.'),
    state: choice(['started', 'stopped', 'restarted', 'reloaded'])
      .optional()
      .describe('restarted always restarts; reloaded starts a service that does not run.'),
    enabled: bool().optional().describe('Whether it starts at boot.'),
    daemon_reload: bool().optional().describe('With systemd: make it read its unit files again first.'),
    sleep: int()
      .optional()
      .describe('Seconds between stop and start of a restart, with an init script. systemd needs none.'),
    pattern: text().optional().describe('Means nothing to systemd; refused where it does not run.'),
    runlevel: text().optional().describe('Means nothing to systemd; refused where it does not run.'),
    arguments: text().optional().describe('Means nothing to systemd; refused where it does not run.'),
  },
  {
    aliases: { args: 'arguments', 'daemon-reload': 'daemon_reload' },
    oneOf: [['state', 'enabled', 'daemon_reload']],
    together: [
      ['state', 'name'],
      ['enabled', 'name'],
    ],
  },
)

/** Ansible's `service`: systemd where it runs, scripts in /etc/init.d elsewhere. */
export const service = defineModule({
  name: 'service',
  aliases: ['sysvinit'],
  doc: 'Starts, stops, restarts, reloads, enables or disables a service, with whatever manages services on the host.',
  params: serviceParams,
  unsupported: ['use'],
  returns: {
    name: 'name of the service',
    state: 'the state that was asked for',
    enabled: 'whether it was to start at boot',
    status: 'with systemd: what systemctl show said before',
  },
  async *run(context, params) {
    const { systemd } = await context.fact(serviceManager)
    if (systemd)
      return yield* ensureUnit(
        context,
        { ...params, name: params.name ?? '' },
        { scope: 'system', daemonReload: params.daemon_reload === true },
      )
    return yield* ensureScript(context, { ...params, name: nameForScript(params) })
  },
})

/** The script's name, when the task asks for nothing that needs systemd. */
function nameForScript(params: z.output<typeof serviceParams>): string {
  const given = (['pattern', 'runlevel', 'arguments', 'daemon_reload'] as const).filter(
    (name) => params[name] !== undefined,
  )
  if (given.length > 0) {
    const message = `service: ${given.join(', ')} needs systemd, which does not run here`
    throw moduleFailure('systemd-not-running', message, 'use command with the init script')
  }
  return params.name ?? ''
}
