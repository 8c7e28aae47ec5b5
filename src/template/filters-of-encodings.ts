import { createHash, randomInt } from 'node:crypto'
import type { Value } from '../model/value.ts'
import type { Filter, FilterArguments } from './filter-arguments.ts'
import { define, textOf } from './filter-arguments.ts'
import { pythonText } from './python-text.ts'
import { isDictionary } from './runtime-value.ts'
import { cryptAlphabet, shaCrypt } from './sha-crypt.ts'
import { TemplateError } from './template.ts'
import { urlParts } from './url-parts.ts'

const hashes = new Set(['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'])

function digest(text: string, algorithm: string): string {
  if (!hashes.has(algorithm)) throw new TemplateError(`'hash' does not know '${algorithm}'`)
  return createHash(algorithm).update(text).digest('hex')
}

/** Filters that write text as digests, base64, parts of addresses and UUIDs. */
export const encodingFilters: readonly (readonly [string, Filter])[] = [
  define('b64encode', ['encoding'], (input) => Buffer.from(textOf(input, 'b64encode')).toString('base64')),
  define('b64decode', ['encoding'], (input) =>
    Buffer.from(textOf(input, 'b64decode'), 'base64').toString('utf8'),
  ),
  define('hash', ['hashtype'], (input, args) => digest(textOf(input, 'hash'), args.text('hashtype', 'sha1'))),
  define('checksum', [], (input) => digest(textOf(input, 'checksum'), 'sha1')),
  define('md5', [], (input) => digest(textOf(input, 'md5'), 'md5')),
  define('sha1', [], (input) => digest(textOf(input, 'sha1'), 'sha1')),
  define('to_uuid', ['namespace'], (input, args) =>
    uuid(textOf(input, 'to_uuid'), args.text('namespace', ansibleNamespace)),
  ),
  define('password_hash', ['hashtype', 'salt', 'salt_size', 'rounds'], passwordHash),
  define('urlencode', [], (input) => urlEncoded(input)),
  define('urldecode', [], (input) => urlDecoded(textOf(input, 'urldecode').replaceAll('+', ' '))),
  define('urlsplit', ['query'], (input, args) => {
    const parts = urlParts(textOf(input, 'urlsplit'))
    if (!args.has('query')) return parts
    const part = parts[args.text('query')]
    if (part !== undefined) return part
    throw new TemplateError(
      `'urlsplit' does not know '${args.text('query')}': it has ${Object.keys(parts).join(', ')}`,
    )
  }),
]

/** Without a salt every call gives another hash, as in Ansible. */
function passwordHash(input: Value, args: FilterArguments): string {
  const kind = args.text('hashtype', 'sha512')
  if (kind !== 'sha256' && kind !== 'sha512') {
    throw new TemplateError(`'password_hash' does not know '${kind}': it has sha256 and sha512`)
  }
  const made = (): string =>
    Array.from({ length: args.number('salt_size', 16) }, () => cryptAlphabet[randomInt(64)]).join('')
  const salt = args.has('salt') ? args.text('salt') : made()
  if (!/^[./\dA-Za-z]{1,16}$/.test(salt)) {
    throw new TemplateError("the salt of 'password_hash' is 1 to 16 letters, digits, dots and slashes")
  }
  const rounds = args.has('rounds') ? args.number('rounds') : undefined
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds >= 1000 && rounds <= mostRounds)) {
    throw new TemplateError(`the rounds of 'password_hash' are 1000 to ${mostRounds}`)
  }
  return shaCrypt(textOf(input, 'password_hash'), salt, kind, rounds)
}

/** Some seconds; crypt(3) would take a thousand times as many. */
const mostRounds = 1_000_000

/** UUID_NAMESPACE_ANSIBLE of ansible/plugins/filter/core.py. */
const ansibleNamespace = '361e6d51-faec-444a-9079-341386da8e2e'

/** A UUID of version 5 (RFC 4122, 4.3): SHA-1 of the namespace and the name. */
function uuid(name: string, namespace: string): string {
  const digits = namespace.replaceAll('-', '')
  if (!/^[\da-f]{32}$/i.test(digits)) throw new TemplateError(`'to_uuid' needs a UUID as its namespace`)
  const bytes = createHash('sha1').update(Buffer.from(digits, 'hex')).update(name).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** Jinja2's: a text keeps its slashes; a dictionary, or pairs, become a query. */
function urlEncoded(input: Value): string {
  const pairs = isDictionary(input) ? Object.entries(input) : Array.isArray(input) ? input : undefined
  if (pairs === undefined) return percentEncoded(textOf(input, 'urlencode')).replaceAll('%2F', '/')
  const inQuery = (value: Value): string =>
    percentEncoded(value === null ? 'None' : pythonText(value)).replaceAll('%20', '+')
  return pairs
    .map((pair) => {
      if (!Array.isArray(pair) || pair.length !== 2) {
        throw new TemplateError("'urlencode' needs text, a dictionary or a list of pairs")
      }
      return `${inQuery(pair[0] ?? null)}=${inQuery(pair[1] ?? null)}`
    })
    .join('&')
}

/** Everything but letters, digits and `_.-~`, as Python's `quote` without safe characters. */
function percentEncoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** What is not UTF-8 becomes the replacement character; a stray `%` stays, as in Python. */
function urlDecoded(text: string): string {
  return text.replace(/(?:%[\da-f]{2})+/gi, (run) =>
    Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'),
  )
}
