import { serviceManager } from '../../facts/service-manager.ts'
import { moduleFailure } from '../failure.ts'
import { defineModule } from '../module.ts'
import { bool, choice, parameters, text } from '../params.ts'
import { ensureUnit } from './systemd-service.ts'
import { ensureScript } from './sysv-script.ts'

/** Ansible's `systemd`. */
export const systemd = defineModule({
  name: 'systemd',
  aliases: ['systemd_service'],
  doc: 'Controls units of systemd, or with a name alone says what systemd knows of it. Where systemd does not run, a script in /etc/init.d of that name is used instead.',
  params: parameters(
    {
      name: text().optional().describe('The unit; .service is understood.'),
      state: choice(['started', 'stopped', 'restarted', 'reloaded'])
        .optional()
        .describe('restarted always restarts; reloaded starts a unit that does not run.'),
      enabled: bool().optional().describe('Whether it starts at boot. Static units are left alone.'),
      masked: bool().optional().describe('Whether it can be started at all.'),
      daemon_reload: bool().default(false).describe('Make systemd read its unit files again first.'),
      daemon_reexec: bool().default(false).describe('Make systemd start itself anew first.'),
      no_block: bool().default(false).describe('Do not wait until the job is done.'),
      scope: choice(['system', 'user', 'global'])
        .default('system')
        .describe('Whose manager: the system’s, or the user’s.'),
    },
    {
      aliases: {
        service: 'name',
        unit: 'name',
        'daemon-reload': 'daemon_reload',
        'daemon-reexec': 'daemon_reexec',
      },
      together: [
        ['state', 'name'],
        ['enabled', 'name'],
        ['masked', 'name'],
      ],
    },
  ),
  unsupported: ['force'],
  returns: {
    name: 'the unit',
    state: 'the state that was asked for',
    enabled: 'whether it was to start at boot',
    status: 'what systemctl show said before: ActiveState, SubState, UnitFileState …',
  },
  async *run(context, params) {
    const manager = await context.fact(serviceManager)
    if (manager.systemd) {
      return yield* ensureUnit(
        context,
        { ...params, name: params.name ?? '' },
        {
          scope: params.scope,
          daemonReload: params.daemon_reload,
          daemonReexec: params.daemon_reexec,
          noBlock: params.no_block,
        },
      )
    }
    const asks = [params.state, params.enabled, params.masked].every((value) => value === undefined)
    if (asks)
      return {
        data: { ...(params.name === undefined ? {} : { name: params.name }), status: {} },
        why: `systemd does not run on ${context.host}`,
      }
    if (params.name !== undefined && params.scope === 'system')
      return yield* ensureScript(context, { ...params, name: params.name })
    throw moduleFailure(
      'systemd-not-running',
      `the ${params.scope} scope needs systemd, which does not run on ${context.host}`,
    )
  },
})
