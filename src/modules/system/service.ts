import { serviceManager } from '../../facts/service-manager.ts'
import { defineModule } from '../module.ts'
import { bool, choice, parameters, text } from '../params.ts'
import { ensureUnit } from './systemd-service.ts'
import { ensureScript } from './sysv-script.ts'

/** Ansible's `service`: systemd where it runs, scripts in /etc/init.d elsewhere. */
export const service = defineModule({
  name: 'service',
  aliases: ['sysvinit'],
  doc: 'Starts, stops, restarts, reloads, enables or disables a service, with whatever manages services on the host.',
  params: parameters(
    {
      name: text().describe('Name of the service.'),
      state: choice(['started', 'stopped', 'restarted', 'reloaded'])
        .optional()
        .describe('restarted always restarts; reloaded starts a service that does not run.'),
      enabled: bool().optional().describe('Whether it starts at boot.'),
    },
    { oneOf: [['state', 'enabled']] },
  ),
  unsupported: ['arguments', 'args', 'pattern', 'runlevel', 'sleep', 'use'],
  returns: {
    name: 'name of the service',
    state: 'the state that was asked for',
    enabled: 'whether it was to start at boot',
    status: 'with systemd: what systemctl show said before',
  },
  async *run(context, params) {
    const { systemd } = await context.fact(serviceManager)
    return systemd
      ? yield* ensureUnit(context, params, { scope: 'system' })
      : yield* ensureScript(context, params)
  },
})
