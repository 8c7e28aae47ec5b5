import { fileStat } from '../../facts/file-stat.ts'
import { serviceManager } from '../../facts/service-manager.ts'
import type { ChangeResult } from '../../model/change.ts'
import { sh } from '../../util/sh.ts'
import { lastLines, moduleFailure } from '../failure.ts'
import { defineModule } from '../module.ts'
import { parameters, text } from '../params.ts'

const folder = '/usr/share/zoneinfo'

/** Ansible's `timezone`, the hardware clock apart. */
export const timezone = defineModule({
  name: 'timezone',
  aliases: ['community.general.timezone'],
  doc: 'Sets the time zone of the host: with timedatectl where systemd runs, else in /etc/localtime and /etc/timezone.',
  params: parameters({
    name: text()
      .refine((name) => /^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+)*$/.test(name), {
        error: 'must be a time zone such as Asia/Jakarta',
      })
      .describe('As in /usr/share/zoneinfo.'),
  }),
  unsupported: ['hwclock'],
  async *run(context, { name }) {
    const zone = await context.freshFact(fileStat, `${folder}/${name}`, { follow: true })
    if (zone?.kind !== 'file') {
      throw moduleFailure(
        'timezone-failed',
        `${context.host} has no time zone ${name}`,
        `see ${folder}; the package tzdata brings it`,
      )
    }
    const { systemd } = await context.fact(serviceManager)
    const { stdout } = await context.run(
      systemd
        ? sh`timedatectl show -p Timezone --value`
        : sh`link=$(readlink /etc/localtime); echo "\${link#/usr/share/zoneinfo/}"; cat /etc/timezone`,
    )
    // Without systemd both files count.
    const [now = '', kept] = stdout.trim().split('\n')
    if (now === name && (kept === undefined || kept === name)) return { why: `the time zone is ${name}` }
    const { command }: ChangeResult = yield {
      summary: `set the time zone to ${name}`,
      diff: { before: `${now}\n`, after: `${name}\n` },
      action: systemd
        ? sh`timedatectl set-timezone ${name}`
        : sh`ln -sf ${`${folder}/${name}`} /etc/localtime && printf '%s\\n' ${name} >/etc/timezone`,
      allowFailure: true,
    }
    if (command !== undefined && command.exitCode !== 0) {
      const said = command.stderr.trim()
      throw moduleFailure(
        'timezone-failed',
        `could not set the time zone to ${name}: ${said.split('\n')[0] ?? ''}`,
        undefined,
        lastLines(said, 20),
      )
    }
    return {}
  },
})
