import type { z } from 'zod'
import { fileStat } from '../../facts/file-stat.ts'
import { which } from '../../facts/which.ts'
import type { Steps } from '../../model/change.ts'
import type { Command } from '../../model/command.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'
import { lastLines, moduleFailure } from '../failure.ts'
import { bool, list, parameters, path } from '../params.ts'
import { attributeParams, defineFileModule, unsupportedAttributes } from './attributes.ts'
import { hostPath } from './host-path.ts'
import { memberAttributes } from './member-attributes.ts'
import { named, temporaryName } from './written-file.ts'

const params = parameters(
  {
    src: path().describe('The archive: on the controller, or with remote_src on the host.'),
    dest: path().describe('Folder on the host, which must exist.'),
    copy: bool().optional().describe('The opposite of remote_src, in old roles.'),
    remote_src: bool().default(false).describe('The archive is on the host.'),
    creates: path().optional().describe('When this path exists on the host, nothing is done.'),
    exclude: list().default([]).describe('Members to leave out.'),
    include: list().default([]).describe('Only these members.'),
    keep_newer: bool().default(false).describe('Files that are newer than those of the archive stay.'),
    extra_opts: list().default([]).describe('Further options of tar.'),
    ...attributeParams,
  },
  {
    exclusive: [
      ['include', 'exclude'],
      ['copy', 'remote_src'],
    ],
  },
)
type Params = z.output<typeof params>

/** Ansible's `unarchive`, for what tar reads. */
export const unarchive = defineFileModule({
  name: 'unarchive',
  doc: 'Unpacks a tar archive, compressed or not. One whose members are all there as they are in the archive is not unpacked again.',
  params,
  unsupported: [...unsupportedAttributes, 'decrypt', 'io_buffer_size', 'list_files', 'validate_certs'],
  returns: { dest: 'the folder', src: 'the archive' },
  async *run(context, params) {
    const dest = await hostPath(context, params.dest)
    if (params.creates !== undefined) {
      const made = await hostPath(context, params.creates)
      if ((await context.freshFact(fileStat, made)) !== null) {
        return { data: { dest, src: params.src }, skipped: `${made} exists` }
      }
    }
    await requireTar(context)
    const folder = await context.freshFact(fileStat, dest, { follow: true })
    if (folder?.kind !== 'directory' && !(folder === null && context.check)) {
      const what = folder === null ? 'does not exist' : `is ${named(folder.kind)}`
      throw moduleFailure(
        'folder-missing',
        `the folder ${dest} ${what}`,
        'make it first with the file module',
      )
    }
    const isRemote = params.remote_src || params.copy === false
    const src = isRemote ? await hostPath(context, params.src) : context.locate('files', params.src)
    return yield* isRemote ? unpackRemote(context, params, src, dest) : unpackSent(context, params, src, dest)
  },
})

async function requireTar(context: ModuleContext): Promise<void> {
  const { tar } = await context.fact(which, ['tar'])
  if (!tar) throw moduleFailure('unarchive-failed', `${context.host} has no tar`, 'install the package tar')
}

async function* unpackRemote(context: ModuleContext, params: Params, src: string, dest: string): Steps {
  const there = await context.freshFact(fileStat, src, { follow: true })
  const data = { dest, src }
  if (there === null && context.check) {
    yield unpacking(params, src, dest)
    return { data }
  }
  if (there === null) throw moduleFailure('source-missing', `${src} does not exist on ${context.host}`)
  return yield* unpack(context, params, src, data)
}

/** The archive is sent to a name of its own beside the folder's content, and goes when it was read. */
async function* unpackSent(context: ModuleContext, params: Params, src: string, dest: string): Steps {
  const sent = temporaryName(`${dest}/archive`)
  const data = { dest, src }
  if (context.check) {
    yield { ...unpacking(params, src, dest), summary: `unpack ${src} to ${dest}` }
    return { data }
  }
  await context.put({ file: src }, sent, { mode: 0o600 })
  try {
    return yield* unpack(context, params, sent, data)
  } finally {
    await context.run(sh`rm -f -- ${sent}`, { cleanUp: true })
  }
}

async function* unpack(
  context: ModuleContext,
  params: Params,
  archive: string,
  data: { readonly src: string; readonly dest: string },
): Steps {
  const { src, dest } = data
  const isThere = await isUnpacked(context, params, archive, dest)
  if (!isThere) {
    const { command } = yield { ...unpacking(params, archive, dest), summary: `unpack ${src} to ${dest}` }
    refuseFailure(src, command)
  }
  const setsMore = [params.owner, params.group, params.mode].some((value) => value !== undefined)
  const isSet =
    setsMore && (isThere || !context.check)
      ? yield* memberAttributes(context, params, dest, listing(params, archive))
      : false
  return isThere && !isSet
    ? { data: { ...data }, why: `${dest} has all that is in ${src}` }
    : { data: { ...data } }
}

function listing(params: Params, archive: string): Command {
  return sh`LC_ALL=C tar --list --quoting-style=escape --show-transformed-names ${choice(params)} -f ${archive}${members(params)}`
}

function unpacking(params: Params, src: string, dest: string) {
  const newer = params.keep_newer ? sh` --keep-newer-files` : sh``
  const action = sh`LC_ALL=C tar --extract -C ${dest}${newer} ${choice(params)} -f ${src}${members(params)}`
  return { summary: `unpack ${src} to ${dest}`, action, allowFailure: true }
}

function choice({ extra_opts, exclude }: Params): Command {
  return sh`${[...extra_opts, ...exclude.map((name) => `--exclude=${name}`)]}`
}

function members({ include }: Params): Command {
  return include.length === 0 ? sh`` : sh` -- ${include}`
}

/** What tar finds different. A time or an owner that the archive has and the folder has not is a difference, too. */
async function isUnpacked(
  context: ModuleContext,
  params: Params,
  src: string,
  dest: string,
): Promise<boolean> {
  const compare = sh`LC_ALL=C tar --diff -C ${dest} ${choice(params)} -f ${src}${members(params)}`
  const { exitCode, stdout, stderr } = await context.run(compare)
  if (exitCode === 0) return true
  if (exitCode !== 1 && !/Cannot stat|Not found in archive/.test(stderr)) {
    throw moduleFailure(
      'unarchive-failed',
      `${src} cannot be read: ${lastLines(stderr, 1).trim() || `exit code ${exitCode}`}`,
      'tar reads it; a zip file is none',
    )
  }
  const isRoot = (await context.run(sh`id -u`)).stdout.trim() === '0'
  // Who is not root cannot give files away, what the task sets itself comes later, and files that are newer stay when that is wanted.
  const fine = [
    // What --strip-components leaves of a folder's name: nothing.
    /: : Warning: Cannot stat: No such file or directory$/,
    ...(isRoot && params.owner === undefined ? [] : [/: Uid differs$/]),
    ...(isRoot && params.group === undefined ? [] : [/: Gid differs$/]),
    ...(params.mode === undefined ? [] : [/: Mode differs$/]),
    ...(params.keep_newer ? [/: (?:Mod time|Size|Contents) differs?$/] : []),
  ]
  const differences = `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '')
  return differences.every((line) => fine.some((pattern) => pattern.test(line)))
}

function refuseFailure(src: string, command: { exitCode: number; stderr: string } | undefined): void {
  if (command === undefined || command.exitCode === 0) return
  throw moduleFailure(
    'unarchive-failed',
    `${src} could not be unpacked: ${lastLines(command.stderr, 1).trim()}`,
  )
}
