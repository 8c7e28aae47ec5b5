import { err, ok, type Result } from '../util/result.ts'

/** `web[01:10]` may not expand to more names than this. */
const maxHosts = 100_000

/**
 * Expands Ansible's host ranges: `web[01:10]` keeps the zeros, `db[a:f]` counts letters, a third number is the step, an
 * empty begin is 0; both ends are included and several ranges multiply. Text without a range comes back alone.
 */
export function expandHostRange(text: string): Result<string[], string> {
  // IPv6 in brackets is no range: `[::1]`, `[fe80::1]:22`.
  const match = /\[([^[\]]*:[^[\]]*)\]/.exec(text)
  if (!match || (match.index === 0 && isIpv6(match[1] ?? ''))) return ok([text])
  const members = expandMembers(match[1] ?? '')
  if (!members.ok) return members
  const head = text.slice(0, match.index)
  const tails = expandHostRange(text.slice(match.index + match[0].length))
  if (!tails.ok) return tails
  if (members.value.length * tails.value.length > maxHosts) {
    return err(`the range "${text}" stands for more than ${maxHosts} hosts`)
  }
  return ok(members.value.flatMap((member) => tails.value.map((tail) => `${head}${member}${tail}`)))
}

function isIpv6(text: string): boolean {
  return /::|(?:[0-9a-f]*:){3,}/i.test(text)
}

function expandMembers(range: string): Result<string[], string> {
  const [begin = '', end = '', step = '1', ...rest] = range.split(':')
  const wrong = (why: string): Result<string[], string> => err(`the host range "[${range}]" ${why}`)
  if (rest.length > 0) return wrong('must be [begin:end] or [begin:end:step]')
  if (end === '') return wrong('has no end')
  if (!/^\d+$/.test(step) || Number(step) === 0) return wrong('has a step that is not a number from 1')
  if (/^[A-Za-z]$/.test(begin) && /^[A-Za-z]$/.test(end)) return letters(begin, end, Number(step), wrong)
  if (!/^\d*$/.test(begin) || !/^\d+$/.test(end)) return wrong('must count numbers or single letters')
  const width = begin.length > 1 && begin.startsWith('0') ? begin.length : 0
  if (width > 0 && end.length !== width) return wrong('must have begin and end of equal length')
  const [first, last] = [Number(begin), Number(end)]
  if (first > last) return wrong('ends before it begins')
  if ((last - first) / Number(step) > maxHosts) return wrong(`stands for more than ${maxHosts} hosts`)
  const members: string[] = []
  for (let at = first; at <= last; at += Number(step)) members.push(String(at).padStart(width, '0'))
  return ok(members)
}

/** Python's `string.ascii_letters`: the lower case letters, then the upper case ones. */
const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

function letters(
  begin: string,
  end: string,
  step: number,
  wrong: (why: string) => Result<string[], string>,
): Result<string[], string> {
  const [first, last] = [alphabet.indexOf(begin), alphabet.indexOf(end)]
  if (first > last) return wrong('ends before it begins')
  return ok([...alphabet].filter((_, at) => at >= first && at <= last && (at - first) % step === 0))
}

/** `name:2222`, `[::1]:2222`: the name without brackets, and the port. An address with several colons has no port. */
export function splitPort(text: string): { name: string; port?: number } {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text)
  if (bracketed) return withPort(bracketed[1] ?? '', bracketed[2])
  const plain = /^((?:[^:[\]]|\[[^\]]*\])+):(\d+)$/.exec(text)
  return plain ? withPort(plain[1] ?? '', plain[2]) : { name: text }
}

function withPort(name: string, port: string | undefined): { name: string; port?: number } {
  return port === undefined ? { name } : { name, port: Number(port) }
}
