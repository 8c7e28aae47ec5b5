import { dirname, join } from 'node:path'
import type { z } from 'zod'
import { fileStat } from '../../facts/file-stat.ts'
import { type User, user as userFact } from '../../facts/user.ts'
import type { Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import type { Vars } from '../../model/value.ts'
import { sh } from '../../util/sh.ts'
import { moduleFailure } from '../failure.ts'
import { attributeChanges, attributesDiffer } from '../files/attributes.ts'
import { fromByteText, parameterBytes, toByteText } from '../files/edited-lines.ts'
import { hostPath } from '../files/host-path.ts'
import { parseMode } from '../files/mode.ts'
import { contentSha1, writeFile } from '../files/written-file.ts'
import { defineModule } from '../module.ts'
import { bool, choice, line, parameters, path, text } from '../params.ts'
import { type AuthorizedKey, parseKey, parseOptions, withKeys, withoutKeys } from './authorized-keys.ts'

const params = parameters({
  user: text().describe('Whose key file.'),
  key: text().describe('Public keys, one a line, as in a .pub file.'),
  state: choice(['present', 'absent']).default('present').describe('Whether the keys are there.'),
  path: path().optional().describe('The file. Default: .ssh/authorized_keys in the home of the user.'),
  manage_dir: bool()
    .default(true)
    .describe('Make the folder of the file, with mode 0700, and give it to the user.'),
  key_options: line().optional().describe('Options of the keys, as no-pty,from="10.0.0.0/8".'),
  comment: line().optional().describe('Comment of the keys, in place of their own.'),
  exclusive: bool().default(false).describe('No other keys: give all of them in one key.'),
  follow: bool().default(false).describe('Write to what a link leads to; else the link is replaced.'),
})
type Params = z.output<typeof params>

/** Ansible's `authorized_key`. */
export const authorizedKey = defineModule({
  name: 'authorized_key',
  aliases: ['ansible.posix.authorized_key'],
  doc: 'Lets SSH keys log in as a user, or no longer. The file keeps its other lines; a key is known by its key alone, so other options or another comment replace it.',
  params,
  unsupported: ['validate_certs'],
  returns: { keyfile: 'the file', user: 'the user', key: 'the keys', state: 'present or absent' },
  async *run(context, params) {
    const wanted = keysOf(params)
    const owner = await context.freshFact(userFact, params.user)
    if (owner === null && !(context.check && params.path !== undefined)) return unknownUser(context, params)
    const asked =
      params.path === undefined
        ? join(owner?.home ?? '', '.ssh/authorized_keys')
        : await hostPath(context, params.path)
    const there = await context.freshFact(fileStat, asked, { follow: true })
    const file = params.follow && there !== null ? there.realPath : asked
    const before = there?.kind === 'file' ? await context.get(asked) : null
    const text = before === null ? '' : toByteText(before)
    const after =
      params.state === 'present' ? withKeys(text, wanted, params.exclusive) : withoutKeys(text, wanted)
    const data: Vars = { keyfile: file, user: params.user, key: params.key, state: params.state }
    const said = `the key${wanted.length === 1 ? '' : 's'} of ${params.user}`
    if (after === text)
      return { data, why: params.state === 'present' ? `${file} has ${said}` : `${file} has none of ${said}` }
    const isNewFolder = params.manage_dir ? yield* manageFolder(context, dirname(file), owner) : false
    const content = fromByteText(after)
    const attributes = { ...mode('0600'), ...ownedBy(owner) }
    const isLink =
      there !== null && !params.follow && (await context.freshFact(fileStat, asked))?.kind === 'link'
    const current =
      there === null || isLink ? null : { ...there, checksum: contentSha1(before ?? new Uint8Array()) }
    yield* writeFile(context, { path: file, content, attributes, inNewFolder: isNewFolder }, current)
    return { data }
  },
})

function keysOf(params: Params): AuthorizedKey[] {
  if (/^https?:/.test(params.key))
    throw moduleFailure(
      'invalid-parameter',
      'authorized_key: keys at an address are not supported',
      'fetch them with the uri module, return_content: yes',
    )
  const lines = params.key.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'))
  return lines.map((line) => {
    // As the bytes that are in the file.
    const found = parseKey(parameterBytes(line))
    if (found === null)
      throw moduleFailure(
        'invalid-parameter',
        `authorized_key: this is no public key: ${shortened(line)}`,
        'it begins with its type, such as ssh-ed25519, or with options',
      )
    return {
      ...found,
      ...(params.key_options === undefined
        ? {}
        : { options: parseOptions(parameterBytes(params.key_options)) }),
      ...(params.comment === undefined ? {} : { comment: parameterBytes(params.comment) }),
    }
  })
}

/** Somebody may have given a private one. */
const shortened = (line: string): string => (line.length > 24 ? `${line.slice(0, 24)} …` : line)

function unknownUser(context: ModuleContext, params: Params) {
  const message = `there is no user ${params.user}`
  // An earlier task may be about to make the user.
  if (context.check) {
    context.note('warning', `authorized_key: ${message} yet`)
    return { data: { user: params.user }, changed: params.state === 'present', why: message }
  }
  throw moduleFailure('user-missing', `authorized_key: ${message}`, 'make it first with the user module')
}

const mode = (text: string) => {
  const parsed = parseMode(text)
  return parsed.ok ? { mode: parsed.value } : {}
}

const ownedBy = (owner: User | null) =>
  owner === null ? {} : { owner: String(owner.uid), group: String(owner.gid) }

/** True when it is made. */
async function* manageFolder(context: ModuleContext, folder: string, owner: User | null): Steps<boolean> {
  const current = await context.freshFact(fileStat, folder, { follow: true })
  if (current !== null) {
    const wanted = { ...mode('0700'), ...ownedBy(owner) }
    if (attributesDiffer(current, wanted)) yield* attributeChanges(folder, current, wanted)
    return false
  }
  const chown = owner === null ? sh`:` : sh`chown -- ${`${owner.uid}:${owner.gid}`} ${folder}`
  yield { summary: `create folder ${folder}`, action: sh`mkdir -m 700 -- ${folder} && ${chown}` }
  return true
}
