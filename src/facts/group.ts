import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { count } from './text.ts'

export interface Group {
  readonly name: string
  readonly gid: number
  /** Users for whom it is a further group, not those whose primary group it is. */
  readonly members: readonly string[]
}

/** Null when there is no such group. Source: getent(1), group(5). */
export const group = defineFact<[name: string], Group | null>({
  name: 'group',
  command: (name) => sh`getent group ${name}`,
  parse({ stdout }) {
    const [name, , gid, members = ''] = stdout.split('\n')[0]?.split(':') ?? []
    const id = count(gid)
    return name === undefined || id === null
      ? null
      : { name, gid: id, members: members.split(',').filter(Boolean) }
  },
})
