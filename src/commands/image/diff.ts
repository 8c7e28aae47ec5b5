import type { Manifest } from '../../images/manifest.ts'
import { ExitCode } from '../../model/exit-code.ts'
import type { CommandEnvironment } from '../environment.ts'
import { printData } from '../print-data.ts'
import { findStored, type StoreOptions } from './store-images.ts'

/** How two images differ; null is "not there". */
export interface ImageDiff {
  readonly settings: readonly Change[]
  readonly packages: readonly Change[]
}

interface Change {
  readonly name: string
  readonly from: string | null
  readonly to: string | null
}

/** `hvlab image diff A B`: what B has other than A. */
export async function imageDiffCommand(
  wanted: string,
  other: string,
  options: StoreOptions,
  env: CommandEnvironment,
): Promise<number> {
  const from = findStored(wanted, options.store, env.cwd).manifest
  const to = findStored(other, options.store, env.cwd).manifest
  const diff = imageDiff(from, to)
  if (printData({ from: from.key, to: to.key, ...diff }, options, env)) return ExitCode.ok
  const lines = [
    `${from.name} ${from.key.slice(0, 12)} → ${to.name} ${to.key.slice(0, 12)}`,
    ...[...diff.settings, ...diff.packages].map(line),
    ...(diff.settings.length + diff.packages.length === 0 ? ['no difference in settings or packages'] : []),
  ]
  env.stdout(`${lines.join('\n')}\n`)
  return ExitCode.ok
}

export function imageDiff(from: Manifest, to: Manifest): ImageDiff {
  const settings = (manifest: Manifest) =>
    new Map([
      ['kernel', manifest.kernel_version],
      ['command line', manifest.cmdline],
      ['release', manifest.suite],
      ['disk', `${manifest.virtual_size / 1024 ** 3} GiB`],
      ['login', manifest.login_user],
      ['updates', manifest.installation?.updates ?? ''],
      ['source', manifest.source?.file ?? ''],
    ])
  const packages = (manifest: Manifest) =>
    new Map(manifest.packages.map(({ name, version, architecture }) => [`${name}:${architecture}`, version]))
  return {
    settings: changes(settings(from), settings(to)),
    packages: changes(packages(from), packages(to)),
  }
}

function changes(from: ReadonlyMap<string, string>, to: ReadonlyMap<string, string>): Change[] {
  return [...new Set([...from.keys(), ...to.keys()])]
    .toSorted()
    .map((name) => ({ name, from: from.get(name) ?? null, to: to.get(name) ?? null }))
    .filter((change) => change.from !== change.to)
}

function line({ name, from, to }: Change): string {
  const short = name.replace(/:(amd64|all)$/, '')
  if (from === null) return `+ ${short} ${to}`
  if (to === null) return `- ${short} ${from}`
  return `~ ${short} ${from || '(none)'} → ${to || '(none)'}`
}
