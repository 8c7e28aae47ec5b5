import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { firstLine, readSections, sections } from './sections.ts'

export interface ServiceManager {
  /** systemd runs this host as PID 1 (sd_booted(3): /run/systemd/system is a directory). */
  readonly systemd: boolean
  /** Name of PID 1. */
  readonly init: string
  /** `systemctl` is installed, whether or not systemd runs. */
  readonly systemctl: boolean
  /** `service` (sysvinit-utils, init-system-helpers) for /etc/init.d scripts. */
  readonly service: boolean
}

export const serviceManager = defineFact<[], ServiceManager>({
  name: 'service-manager',
  command: () =>
    sections({
      booted: sh`[ -d /run/systemd/system ] && echo yes`,
      init: firstLine('/proc/1/comm'),
      systemctl: sh`PATH="$PATH:/usr/sbin:/sbin" command -v systemctl`,
      service: sh`PATH="$PATH:/usr/sbin:/sbin" command -v service`,
    }),
  parse({ stdout }) {
    const section = readSections(stdout)
    return {
      systemd: section('booted') === 'yes',
      init: section('init') || 'unknown',
      systemctl: section('systemctl') !== '',
      service: section('service') !== '',
    }
  },
})
