import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { readSections, sections } from './sections.ts'

/** A module of the kernel that runs. Sources: /proc/modules; modules.builtin of kmod, with `-` and `_` alike. */
export const kernelModule = defineFact<[name: string], 'loaded' | 'builtin' | 'absent'>({
  name: 'kernel-module',
  command(name) {
    const words = name.split(/[-_]/)
    return sections({
      loaded: sh`grep -- ${`^${words.join('_')} `} /proc/modules`,
      builtin: sh`grep -- ${`/${words.join('[-_]')}\\.ko$`} "/lib/modules/$(uname -r)/modules.builtin"`,
    })
  },
  parse({ stdout }) {
    const section = readSections(stdout)
    return section('loaded') !== '' ? 'loaded' : section('builtin') !== '' ? 'builtin' : 'absent'
  },
})
