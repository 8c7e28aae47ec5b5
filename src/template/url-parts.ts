import type { Value } from '../model/value.ts'
import { newDictionary } from './runtime-value.ts'

/** RFC 3986, appendix B; the keys are Python's, in the order in which Ansible has them. */
export function urlParts(url: string): { [key: string]: Value } {
  const [, scheme = '', netloc = '', path = '', query = '', fragment = ''] =
    /^(?:([a-z][a-z\d+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/is.exec(url) ?? []
  const [, user, password, bracketed, plainHost, port] =
    /^(?:([^:]*?)(?::(.*))?@)?(?:\[([^\]]*)\]|([^:]*))(?::(\d*))?$/s.exec(netloc) ?? []
  return newDictionary([
    ['fragment', fragment],
    ['hostname', (bracketed ?? plainHost)?.toLowerCase() || null],
    ['netloc', netloc],
    ['password', password ?? null],
    ['path', path],
    ['port', port ? Number(port) : null],
    ['query', query],
    ['scheme', scheme.toLowerCase()],
    ['username', user ?? null],
  ])
}
