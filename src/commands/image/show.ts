import { ExitCode } from '../../model/exit-code.ts'
import { textTable } from '../../util/text-table.ts'
import type { CommandEnvironment } from '../environment.ts'
import { printData } from '../print-data.ts'
import { findStored, megabytes, type StoreOptions } from './store-images.ts'

/** `hvlab image show NAME`: the manifest, for people; with `--format json` as it is. */
export async function imageShowCommand(
  wanted: string,
  options: StoreOptions,
  env: CommandEnvironment,
): Promise<number> {
  const { manifest, folder } = findStored(wanted, options.store, env.cwd)
  if (printData({ folder, ...manifest }, options, env)) return ExitCode.ok
  const { source, installation, layer } = manifest
  const disk = manifest.files['image.qcow2']
  const rows: string[][] = [
    ['image', manifest.name],
    ['key', manifest.key],
    ['folder', folder],
    ['built', `${manifest.built_at} by ${manifest.builder}`],
    ['size', `${megabytes(disk.size)} on disk, ${manifest.virtual_size / 1024 ** 3} GiB in the guest`],
    ['SHA-256', disk.sha256],
    ['release', manifest.suite],
    ...(manifest.archive_date === undefined ? [] : [['archive of', manifest.archive_date]]),
    ['kernel', manifest.kernel_version],
    ['command line', manifest.cmdline],
    ['login', manifest.login_user],
    ['packages', String(manifest.packages.length)],
    ...(source === undefined
      ? [['mirrors', manifest.mirrors.join('; ')]]
      : [
          ['source', `${source.file} (SHA-256 ${source.sha256})`],
          ['signature', source.signature],
        ]),
    ...(installation === undefined
      ? []
      : [
          [
            'installed',
            `under ${installation.accelerator}, updates: ${installation.updates}, ${installation.events} events`,
          ],
          ['proof', proofText(installation.proof)],
          ['taken out', installation.removed.length === 0 ? 'nothing' : installation.removed.join(' ')],
        ]),
    ...(layer === undefined
      ? []
      : [
          ['layer', `${layer.packages.join(' ') || 'no packages'}, above ${layer.base.slice(0, 12)}`],
          ['layer made', `under ${layer.accelerator}, updates: ${layer.updates}, ${layer.events} events`],
          ['layer proof', proofText(layer.proof)],
        ]),
    [
      'tools',
      Object.entries(manifest.tools)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
    ],
    [
      'seconds',
      Object.entries(manifest.durations)
        .map(([name, time]) => `${name} ${time}`)
        .join(', '),
    ],
  ]
  const [first = [], ...rest] = rows
  env.stdout(`${textTable(first, rest, 'words').join('\n')}\n`)
  return ExitCode.ok
}

function proofText(proof: Readonly<Record<string, string>>): string {
  return Object.entries(proof)
    .map(([name, value]) => `${name}: ${value}`)
    .join('; ')
}
