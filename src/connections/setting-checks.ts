import { FailureError } from '../model/failure.ts'
import type { Value } from '../model/value.ts'

/** A host name or address that cannot be mistaken for an option or shell syntax. */
export function plainHost(host: string, name: string, address: string): string {
  if (/^[A-Za-z0-9_.:[\]%-]+$/.test(address) && !address.startsWith('-'))
    return address.replace(/^\[(.*)\]$/, '$1')
  throw invalidSetting(host, name, address, 'is not a host name or address')
}

/** A user name that cannot be mistaken for an option or shell syntax; `DOMAIN\user` and `user@realm` are not for shells. */
export function plainUser(host: string, name: string, user: string): string {
  if (/^[A-Za-z0-9_.@+-]+$/.test(user) && !user.startsWith('-')) return user
  throw invalidSetting(host, name, user, 'is not a user name')
}

export function invalidSetting(
  host: string,
  name: string,
  value: Value,
  what: string,
  hint?: string,
): FailureError {
  return new FailureError({
    reason: 'config',
    code: 'connection-setting-invalid',
    message: `${host}: ${name} ${/pass/.test(name) ? '***' : JSON.stringify(value)} ${what}`,
    ...(hint === undefined ? {} : { hint }),
  })
}
