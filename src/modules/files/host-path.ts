import { identity } from '../../facts/identity.ts'
import { user } from '../../facts/user.ts'
import type { HostAccess } from '../../model/host-access.ts'
import { moduleFailure } from '../failure.ts'

/** A path of a task with `~` and `~name` at its start replaced by the home folder on the host. */
export async function hostPath(host: HostAccess, path: string): Promise<string> {
  const match = /^~([^/]*)(\/.*)?$/s.exec(path)
  if (!match) return path
  const [, name = '', rest = ''] = match
  if (name === '') return `${(await host.fact(identity)).user.home}${rest}`
  const found = await host.fact(user, name)
  if (found !== null) return `${found.home}${rest}`
  throw moduleFailure(
    'source-missing',
    `${path} names the home of ${name}, and there is no such user on the host`,
  )
}
