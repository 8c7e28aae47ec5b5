import type { z } from 'zod'
import { fileStat } from '../../facts/file-stat.ts'
import type { Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { printable } from '../../util/printable.ts'
import { sh } from '../../util/sh.ts'
import { lastLines, moduleFailure } from '../failure.ts'
import { fromByteText } from '../files/edited-lines.ts'
import { hostPath } from '../files/host-path.ts'
import { type HostText, readHostText, writeHostText } from '../files/host-text.ts'
import { defineModule } from '../module.ts'
import { bool, choice, line, parameters, path } from '../params.ts'
import { withEntry, withoutEntry } from './fstab.ts'

const params = parameters(
  {
    path: path().describe('Where the file system appears; none for swap.'),
    src: line()
      .optional()
      .describe('Device, folder or what else is mounted. Needed for mounted and present.'),
    fstype: line().optional().describe('Type of the file system. Needed for mounted and present.'),
    opts: line().default('defaults').describe('Options, with commas.'),
    dump: line().default('0').describe('Fifth field of fstab.'),
    passno: line().default('0').describe('Sixth field of fstab: the order of checks at boot.'),
    boot: bool().default(true).describe('no adds noauto to opts.'),
    state: choice(['mounted', 'present', 'unmounted', 'remounted', 'absent', 'absent_from_fstab']).describe(
      'mounted: in fstab and mounted; present: in fstab only; unmounted: not mounted, whatever fstab says; remounted: mounted anew, every time; absent: out of fstab, unmounted, and its folder removed; absent_from_fstab: out of fstab only.',
    ),
    fstab: path().default('/etc/fstab').describe('The table.'),
    backup: bool().default(false).describe('Keep the old table beside it.'),
  },
  { aliases: { name: 'path' } },
)
type Params = z.output<typeof params>

/** Ansible's `mount`. */
export const mount = defineModule({
  name: 'mount',
  aliases: ['ansible.posix.mount'],
  doc: 'Mounts a file system and keeps it in fstab. When it cannot be mounted, the table is as before: a wrong line could stop the next boot.',
  params,
  returns: {
    name: 'the path',
    src: 'what is mounted',
    fstype: 'its type',
    opts: 'its options',
    fstab: 'the table',
    backup_file: 'where the old table was kept',
  },
  async *run(context, params) {
    const wanted = {
      ...params,
      path: (await hostPath(context, params.path)).replace(/(.)\/+$/, '$1'),
      opts: optionsOf(params),
    }
    const table = await readHostText(context, wanted.fstab)
    const isMounted = await mounted(context, wanted.path)
    const data = {
      name: wanted.path,
      src: wanted.src ?? null,
      fstype: wanted.fstype ?? null,
      opts: wanted.opts,
      fstab: wanted.fstab,
      dump: wanted.dump,
      passno: wanted.passno,
    }
    const changed = yield* steps(context, wanted, table, isMounted)
    return changed
      ? { data }
      : {
          data,
          why: `${wanted.path} is as it should be`,
        }
  },
})

async function* steps(
  context: ModuleContext,
  params: Params,
  table: HostText,
  isMounted: boolean,
): Steps<boolean> {
  const { state, path } = params
  if (state === 'remounted') {
    yield* execute(context, `mount ${path} anew`, remounting(params, params.opts))
    return true
  }
  if (state === 'unmounted') {
    if (isMounted) yield* execute(context, `unmount ${path}`, sh`umount -- ${path}`)
    return isMounted
  }
  const after =
    state === 'mounted' || state === 'present'
      ? withEntry(table.text, entryOf(params))
      : withoutEntry(table.text, params)
  const isEdited = after !== table.text
  if (isEdited) yield* writeHostText(context, table, after, params.backup)
  if (state === 'mounted' && !isMounted) {
    yield* mountOrRestore(
      context,
      table,
      isEdited,
      `mount ${params.src} at ${path}`,
      sh`mkdir -p -- ${path} && mount ${ofTable(params)} ${path}`,
    )
    return true
  }
  if (state === 'mounted' && isEdited)
    yield* mountOrRestore(context, table, true, `mount ${path} anew`, remounting(params, 'defaults'))
  if (state === 'absent' && isEdited) {
    if (isMounted) yield* execute(context, `unmount ${path}`, sh`umount -- ${path}`)
    if ((await context.freshFact(fileStat, path, {}))?.kind === 'directory')
      yield* execute(context, `remove the folder ${path}`, sh`rmdir -- ${path}`)
  }
  return isEdited
}

const ofTable = ({ fstab }: Params): string[] => (fstab === '/etc/fstab' ? [] : ['-T', fstab])

/** Not every file system can be mounted anew while it is in its place. */
function remounting(params: Params, opts: string) {
  const remount = opts === 'defaults' ? 'remount' : `remount,${opts}`
  const anew = sh`mount -o ${remount} ${ofTable(params)} ${params.path}`
  return opts === 'defaults'
    ? sh`${anew} 2>/dev/null || { umount -- ${params.path} && mount ${ofTable(params)} ${params.path}; }`
    : anew
}

function entryOf(params: Params) {
  const { src, fstype } = params
  if (src !== undefined && fstype !== undefined) return { ...params, src, fstype }
  throw moduleFailure(
    'invalid-parameter',
    `mount: ${src === undefined ? 'src' : 'fstype'} is missing: state ${params.state} needs it`,
  )
}

/** `noauto` and `defaults` win over `boot`, as in Ansible. */
function optionsOf({ opts, boot }: Params): string {
  const words = opts.split(',')
  return boot || words.includes('noauto') || words.includes('defaults') ? opts : `${opts},noauto`
}

/** Source: proc(5), with blanks in octal. */
async function mounted(context: ModuleContext, path: string): Promise<boolean> {
  const { stdout } = await context.run(sh`cat /proc/self/mounts`)
  const unescaped = (text: string): string =>
    text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
  return stdout.split('\n').some((line) => unescaped(line.split(' ')[1] ?? '') === path)
}

async function* mountOrRestore(
  context: ModuleContext,
  table: HostText,
  isEdited: boolean,
  summary: string,
  command: ReturnType<typeof sh>,
): Steps<void> {
  try {
    yield* execute(context, summary, command)
  } catch (error) {
    if (isEdited)
      await context.run({ ...sh`cat >${table.path}`, stdin: fromByteText(table.text) }, { cleanUp: true })
    throw error
  }
}

async function* execute(
  context: ModuleContext,
  summary: string,
  command: ReturnType<typeof sh>,
): Steps<void> {
  const { command: result } = yield {
    summary,
    action: sh`PATH="$PATH:/usr/sbin:/sbin"; ${command}`,
    allowFailure: true,
  }
  if (result === undefined || result.exitCode === 0) return
  const said = printable(lastLines(result.stderr.replace(/^\s*dmesg\(1\).*\n?/m, ''), 1)).trim()
  throw moduleFailure(
    'mount-failed',
    `could not ${summary} on ${context.host}: ${said || `exit code ${result.exitCode}`}`,
    /busy/.test(said)
      ? 'something uses it: fuser -vm names it'
      : /only root|denied|permitted/i.test(said)
        ? 'this needs become: yes'
        : undefined,
  )
}
