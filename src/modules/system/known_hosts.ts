import { createHash } from 'node:crypto'
import type { z } from 'zod'
import { fileStat } from '../../facts/file-stat.ts'
import { moduleFailure } from '../failure.ts'
import { hostPath } from '../files/host-path.ts'
import { writeFile } from '../files/written-file.ts'
import { defineModule } from '../module.ts'
import { bool, choice, line, parameters, path, text } from '../params.ts'
import { hashedLine, isOf, parseKnownHost, withKnownHost, withoutKnownHost } from './known-hosts-file.ts'

const params = parameters(
  {
    name: line()
      .transform((name) => name.toLowerCase())
      .refine((name) => name !== '' && !/[,\s]/.test(name), { error: 'must be one host, as in the key' })
      .describe('The host; [host]:2222 with a port of its own.'),
    key: text()
      .refine((key) => !/\n./s.test(key.trim()), { error: 'must be one line' })
      .optional()
      .describe(
        'The line for the file: host, type and key, as ssh-keyscan prints it. Needed for state present.',
      ),
    path: path().default('~/.ssh/known_hosts').describe('The file; its folder must exist.'),
    hash_host: bool().default(false).describe('Write a hash in place of the name.'),
    state: choice(['present', 'absent'])
      .default('present')
      .describe('absent: the key of that type goes, or without key all keys of the host.'),
  },
  { aliases: { host: 'name' } },
)
type Params = z.output<typeof params>

/** Ansible's `known_hosts`. */
export const knownHosts = defineModule({
  name: 'known_hosts',
  doc: 'Says which key a host has, for SSH clients of the host. A key of the same type is replaced. The host needs no ssh-keygen.',
  params,
  returns: { name: 'the host', path: 'the file', state: 'present or absent' },
  async *run(context, params) {
    const { name, state } = params
    const key = keyOf(params)
    const asked = await hostPath(context, params.path)
    const there = await context.freshFact(fileStat, asked, { follow: true })
    const before = there === null ? '' : Buffer.from(await context.get(asked)).toString('latin1')
    const after =
      state === 'present' && key !== undefined
        ? withKnownHost(before, key, name)
        : withoutKnownHost(before, key, name)
    const data = { name, path: asked, state }
    if (after === before)
      return {
        data,
        why: state === 'present' ? `${asked} has the key of ${name}` : `${asked} has no such key of ${name}`,
      }
    const current =
      there === null
        ? null
        : { ...there, checksum: createHash('sha1').update(before, 'latin1').digest('hex') }
    yield* writeFile(
      context,
      { path: there?.realPath ?? asked, content: Buffer.from(after, 'latin1'), attributes: {} },
      current,
    )
    return { data }
  },
})

function keyOf({ key, name, state, hash_host }: Params): string | undefined {
  if (key === undefined) {
    if (state === 'absent') return undefined
    throw moduleFailure('invalid-parameter', 'known_hosts: key is missing: state present needs it')
  }
  const line = hash_host && parseKnownHost(key) !== null ? hashedLine(key, name) : key.trim()
  const known = parseKnownHost(line)
  if (known !== null && isOf(known, name)) return Buffer.from(line).toString('latin1')
  throw moduleFailure(
    'invalid-parameter',
    `known_hosts: the key is none of ${name}`,
    'its line begins with the name, as ssh-keyscan prints it',
  )
}
