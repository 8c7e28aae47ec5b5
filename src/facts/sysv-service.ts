import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { readSections, sections } from './sections.ts'

export interface SysvService {
  /** There is an executable script in /etc/init.d. */
  readonly present: boolean
  /** Its `status` ended with 0 (LSB: running). */
  readonly running: boolean
  /** A start link is in one of the multi-user run levels. */
  readonly enabled: boolean
}

/** Source: service(8); LSB init script actions; Debian policy 9.3. */
export const sysvService = defineFact<[name: string], SysvService>({
  name: 'sysv-service',
  command: (name) =>
    sections({
      present: sh`[ -x ${`/etc/init.d/${name}`} ] && echo yes`,
      status: sh`PATH="$PATH:/usr/sbin:/sbin" service ${name} status > /dev/null < /dev/null; echo $?`,
      enabled: sh`ls /etc/rc[2345].d/ | grep -xE ${`S[0-9][0-9]${name.replace(/[.+]/g, '\\$&')}`}`,
    }),
  parse({ stdout }) {
    const section = readSections(stdout)
    return {
      present: section('present') === 'yes',
      running: section('status') === '0',
      enabled: section('enabled') !== '',
    }
  },
})
