import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { pairs } from './text.ts'

/** What a .deb file holds; null when it is none. Source: dpkg-deb(1) -f. */
export const debFile = defineFact<[path: string], { readonly name: string; readonly version: string } | null>(
  {
    name: 'deb-file',
    command: (path) => sh`dpkg-deb -f ${path} Package Version`,
    parse({ stdout, exitCode }) {
      const found = pairs(stdout, ':')
      const name = found.get('Package')
      const version = found.get('Version')
      return exitCode === 0 && name !== undefined && version !== undefined ? { name, version } : null
    },
  },
)
