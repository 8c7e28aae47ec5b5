import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { readSections, sections } from './sections.ts'
import { count } from './text.ts'

export interface User {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly comment: string
  readonly home: string
  readonly shell: string
  /** Name of the primary group. */
  readonly group: string
  /** Names of all groups, the primary one included. */
  readonly groups: readonly string[]
  /** The hash in shadow; null when it cannot be read. `!` or `*` in front means locked. */
  readonly passwordHash: string | null
}

/** Null when there is no such user. Sources: getent(1), id(1), passwd(5), shadow(5). */
export const user = defineFact<[name: string], User | null>({
  name: 'user',
  command: (name) =>
    sections({
      passwd: sh`getent passwd ${name}`,
      group: sh`id -gn -- ${name}`,
      groups: sh`id -Gn -- ${name}`,
      shadow: sh`getent shadow ${name}`,
    }),
  parse({ stdout }) {
    const section = readSections(stdout)
    const [name, , uid, gid, comment = '', home = '', shell = ''] = section('passwd').split(':')
    const userId = count(uid)
    const groupId = count(gid)
    if (name === undefined || userId === null || groupId === null) return null
    return {
      name,
      uid: userId,
      gid: groupId,
      comment,
      home,
      shell,
      group: section('group'),
      groups: section('groups').split(' ').filter(Boolean),
      passwordHash: section('shadow').split(':')[1] ?? null,
    }
  },
})
