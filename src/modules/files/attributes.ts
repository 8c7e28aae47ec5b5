import type { ZodType } from 'zod'
import type { FileStat } from '../../facts/file-stat.ts'
import { selinux } from '../../facts/selinux.ts'
import type { Change } from '../../model/change.ts'
import type { Diff } from '../../model/result.ts'
import type { Vars } from '../../model/value.ts'
import { sh } from '../../util/sh.ts'
import { moduleFailure } from '../failure.ts'
import { defineModule, type Module } from '../module.ts'
import { mode, text } from '../params.ts'
import { applyMode, chmodOperand, type Mode, octal } from './mode.ts'

/** Mode and ownership, as a task asks for them. */
export interface Attributes {
  readonly mode?: Mode | undefined
  readonly owner?: string | undefined
  readonly group?: string | undefined
}

/** The parameters that every file module has. */
export const attributeParams = {
  mode: mode().optional().describe("Permissions: '0644', or symbolic as chmod takes it."),
  owner: text().optional().describe('Name or number of the user that owns it.'),
  group: text().optional().describe('Name or number of the group that owns it.'),
  seuser: label('user'),
  serole: label('role'),
  setype: label('type'),
  selevel: label('level'),
}

/** A function, so that it is there before its constant. */
function label(part: string) {
  return text()
    .optional()
    .describe(`The ${part} of SELinux: taken where SELinux is off, refused where it is on.`)
}

/** A module of files: refuses labels where they would mean something. Without SELinux they mean nothing, in Ansible, too. */
export function defineFileModule<Schema extends ZodType>(module: Module<Schema>): Module<Schema> {
  return defineModule({
    ...module,
    async *run(context, params) {
      const labels = ['seuser', 'serole', 'setype', 'selevel'].filter(
        (name) => Reflect.get(Object(params), name) !== undefined,
      )
      if (labels.length > 0 && (await context.fact(selinux)).isOn)
        throw moduleFailure(
          'lacking',
          `${module.name}: hvlab does not set ${labels.join(', ')}, and SELinux is on`,
          'use command with semanage fcontext and restorecon',
        )
      return yield* module.run(context, params)
    },
  })
}

/** Ansible's further file parameters, which hvlab lacks. */
export const unsupportedAttributes = ['attributes', 'attr', 'unsafe_writes'] as const

/** What a new file gets when nothing is asked for: 0666 (directories 0777) without the usual umask 022, as in Ansible. */
export function defaultMode(isDirectory: boolean): number {
  return isDirectory ? 0o755 : 0o644
}

/** The bits a path will have: asked for, else those it has, else the default for new ones. */
export function wantedMode(asked: Mode | undefined, current: FileStat | null, isDirectory = false): number {
  const bits = current?.mode ?? defaultMode(isDirectory)
  return asked === undefined ? bits : applyMode(asked, bits, isDirectory)
}

/** The change that gives an existing path its mode and owner, or nothing. `link` itself is changed, not what it names. */
export function* attributeChanges(path: string, current: FileStat, wanted: Attributes): Generator<Change> {
  const isLink = current.kind === 'link'
  const owner = wanted.owner !== undefined && !same(wanted.owner, current.owner, current.uid)
  const group = wanted.group !== undefined && !same(wanted.group, current.group, current.gid)
  const bits = wantedMode(wanted.mode, current, current.kind === 'directory')
  const changesMode = !isLink && wanted.mode !== undefined && bits !== current.mode
  if (!owner && !group && !changesMode) return
  const names = ownership(owner ? wanted.owner : undefined, group ? wanted.group : undefined)
  // chown takes away set-user-id bits, so a mode that has them is set again after it.
  const setsMode =
    changesMode || (names !== '' && !isLink && wanted.mode !== undefined && (bits & 0o6000) !== 0)
  const chown = sh`chown -h -- ${names} ${path}`
  const chmod = sh`chmod ${chmodOperand(bits)} -- ${path}`
  const said = [
    ...(owner ? [`owner ${wanted.owner}`] : []),
    ...(group ? [`group ${wanted.group}`] : []),
    ...(changesMode ? [`mode ${octal(bits)}`] : []),
  ]
  yield {
    summary: `set ${said.join(', ')} of ${path}`,
    diff: attributeDiff(path, current, {
      owner: owner ? wanted.owner : undefined,
      group: group ? wanted.group : undefined,
      bits: changesMode ? bits : undefined,
    }),
    action: names === '' ? chmod : setsMode ? sh`${chown} && ${chmod}` : chown,
  }
}

/** True when ownership or mode differ from what is asked. */
export function attributesDiffer(current: FileStat, wanted: Attributes): boolean {
  return !attributeChanges('', current, wanted).next().done
}

function same(wanted: string, name: string, id: number): boolean {
  return wanted === name || wanted === String(id)
}

/** chown's `owner:group` operand, empty when neither is given. */
export function ownership(owner: string | undefined, group: string | undefined): string {
  return `${owner ?? ''}${group === undefined ? '' : `:${group}`}`
}

function attributeDiff(
  path: string,
  current: FileStat,
  wanted: { owner: string | undefined; group: string | undefined; bits: number | undefined },
): Diff {
  const rows = [
    ...(wanted.owner === undefined ? [] : [['owner', current.owner, wanted.owner]]),
    ...(wanted.group === undefined ? [] : [['group', current.group, wanted.group]]),
    ...(wanted.bits === undefined ? [] : [['mode', octal(current.mode), octal(wanted.bits)]]),
  ]
  return {
    before: rows.map(([name, before]) => `${name}: ${before}\n`).join(''),
    after: rows.map(([name, , after]) => `${name}: ${after}\n`).join(''),
    beforeLabel: path,
    afterLabel: path,
  }
}

/** Ansible's result keys for a path as it is now. */
export function statResult(stat: FileStat): Vars {
  return {
    state:
      stat.kind === 'link'
        ? 'link'
        : stat.kind === 'directory'
          ? 'directory'
          : stat.links > 1
            ? 'hard'
            : 'file',
    mode: octal(stat.mode),
    uid: stat.uid,
    gid: stat.gid,
    owner: stat.owner,
    group: stat.group,
    size: stat.sizeBytes,
  }
}
