import type { z } from 'zod'
import { moduleFailure } from '../failure.ts'
import { parameterBytes } from '../files/edited-lines.ts'
import { hostPath } from '../files/host-path.ts'
import { readHostText, writeHostText } from '../files/host-text.ts'
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
    const file = await readHostText(context, asked)
    const after =
      state === 'present' && key !== undefined
        ? withKnownHost(file.text, key, name)
        : withoutKnownHost(file.text, key, name)
    const data = { name, path: asked, state }
    if (after === file.text)
      return {
        data,
        why: state === 'present' ? `${asked} has the key of ${name}` : `${asked} has no such key of ${name}`,
      }
    yield* writeHostText(context, file, after)
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
  if (known !== null && isOf(known, name)) return parameterBytes(line)
  throw moduleFailure(
    'invalid-parameter',
    `known_hosts: the key is none of ${name}`,
    'its line begins with the name, as ssh-keyscan prints it',
  )
}
