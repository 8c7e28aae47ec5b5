import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'

/** The Python that Ansible would find: `python3 -V`, which ends before it has loaded anything. Null without one. */
export const python = defineFact<[], { readonly executable: string; readonly version: string } | null>({
  name: 'python',
  command: () => sh`if [ -x /usr/bin/python3 ]; then /usr/bin/python3 -V; fi`,
  parse({ stdout }) {
    const [, version] = /^Python (\d{1,4}\.\d{1,4}\.\d{1,4})\b/.exec(stdout) ?? []
    return version === undefined ? null : { executable: '/usr/bin/python3', version }
  },
})
