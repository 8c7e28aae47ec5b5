import { type AptCandidate, aptCandidates } from '../../facts/apt-candidates.ts'
import { debFile } from '../../facts/deb-file.ts'
import { type InstalledPackage, packages } from '../../facts/packages.ts'
import type { Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import type { Vars } from '../../model/value.ts'
import { literal } from '../../util/words.ts'
import { moduleFailure } from '../failure.ts'
import { type AptGetOptions, aptGet } from './apt-get.ts'
import type { AptParams } from './apt-params.ts'

/** What a part of the module did; `why` counts when nothing was changed. */
export interface AptPart {
  readonly changed: boolean
  readonly why: string
  readonly data?: Vars
}

interface Wanted {
  /** As written: `name`, `name:arch`, `name=version`. */
  readonly spec: string
  readonly name: string
  /** Version, in which `*` stands for anything. */
  readonly version: string | null
}

function wantedPackages(specs: readonly string[]): Wanted[] {
  return specs.map((spec) => {
    const [name = '', version = null] = spec.split('=', 2)
    if (!/^[a-z0-9][a-z0-9+.-]*(:[a-z0-9-]+)?$/.test(name)) {
      throw moduleFailure(
        'apt-package-unknown',
        `${spec} is no name of a package`,
        'packages are in small letters; patterns are not supported',
      )
    }
    return { spec, name, version }
  })
}

/** `present` and `latest`. `refresh` fetches the lists when something must be installed. */
export async function* installPackages(
  context: ModuleContext,
  params: AptParams,
  options: AptGetOptions,
  refresh: () => Steps<void>,
): Steps<AptPart> {
  const wanted = wantedPackages(params.name ?? [])
  const names = wanted.map(({ name }) => name)
  const latest = params.state === 'latest'
  if (latest) yield* refresh()
  const states = await context.freshFact(packages, names)
  const provided = names.filter(
    (name) => !states[name]?.installed && (states[name]?.providers.length ?? 0) > 0,
  )
  let missing = wanted.filter(({ name, version }) => !isThere(states[name]?.installed, version))
  if (params.only_upgrade) missing = missing.filter(({ name }) => states[name]?.installed)
  const asked = latest ? names : missing.map(({ name }) => name)
  let known = asked.length === 0 ? {} : await context.freshFact(aptCandidates, asked)
  // A name that others provide, and that is no real package, is there.
  missing = missing.filter(
    ({ name }) => !(provided.includes(name) && (known[name]?.candidate ?? null) === null),
  )
  if (missing.length > 0 && !latest) {
    yield* refresh()
    known = await context.freshFact(
      aptCandidates,
      missing.map(({ name }) => name),
    )
  }
  await requireKnown(context, missing, known)
  const outdated = latest ? wanted.filter(({ name }) => isOutdated(states[name]?.installed, known[name])) : []
  const todo = [...missing, ...outdated.filter((found) => !missing.includes(found))]
  if (todo.length === 0) {
    return {
      changed: false,
      why: `${names.join(', ')}: ${latest ? 'installed, and the newest that apt would install' : 'installed'}`,
    }
  }
  const { value } = yield {
    summary: `${summarised(missing, 'install')}${missing.length > 0 && outdated.length > 0 ? '; ' : ''}${summarised(
      todo.filter((found) => !missing.includes(found)),
      'upgrade',
    )}`,
    action: () => aptGet(context, ['install', ...flags(params), ...todo.map(({ spec }) => spec)], options),
  }
  return { changed: true, why: '', data: output(value) }
}

function summarised(found: readonly Wanted[], verb: string): string {
  return found.length === 0 ? '' : `${verb} ${found.map(({ spec }) => spec).join(', ')}`
}

function isThere(installed: InstalledPackage | null | undefined, version: string | null): boolean {
  if (!installed?.complete) return false
  if (version === null) return true
  const pattern = version.split('*').map(literal).join('.*')
  return new RegExp(`^${pattern}$`).test(installed.version)
}

function isOutdated(
  installed: InstalledPackage | null | undefined,
  candidate: AptCandidate | undefined,
): boolean {
  return (
    installed?.complete === true &&
    !installed.held &&
    candidate?.candidate != null &&
    candidate.candidate !== installed.version
  )
}

/**
 * Names that apt has never heard of fail before anything is installed. A check run only warns: an earlier task may be
 * about to add the repository or fetch the lists.
 */
async function requireKnown(
  context: ModuleContext,
  missing: readonly Wanted[],
  known: Readonly<Record<string, AptCandidate>>,
): Promise<void> {
  const unknown = missing.filter(({ name }) => known[name] === undefined)
  if (unknown.length === 0) return
  if (context.check) {
    context.note('warning', `apt knows no package ${unknown.map(({ name }) => name).join(', ')} yet`)
    return
  }
  throw moduleFailure(
    'apt-package-unknown',
    `apt knows no package ${unknown.map(({ name }) => name).join(', ')}`,
    'check the name, set update_cache: yes, or add the repository that has it',
  )
}

function flags(params: AptParams): string[] {
  return [
    ...(params.install_recommends === undefined
      ? []
      : [params.install_recommends ? '--install-recommends' : '--no-install-recommends']),
    ...(params.default_release === undefined ? [] : ['-t', params.default_release]),
    ...(params.only_upgrade ? ['--only-upgrade'] : []),
    ...(params.allow_unauthenticated ? ['--allow-unauthenticated'] : []),
    ...(params.allow_downgrade ? ['--allow-downgrades'] : []),
    ...(params.allow_change_held_packages ? ['--allow-change-held-packages'] : []),
  ]
}

/** `absent`: and with `purge` the configuration files that a removed package left. */
export async function* removePackages(
  context: ModuleContext,
  params: AptParams,
  options: AptGetOptions,
): Steps<AptPart> {
  const wanted = wantedPackages(params.name ?? [])
  const states = await context.freshFact(
    packages,
    wanted.map(({ name }) => name),
  )
  const todo = wanted.filter(({ name }) => {
    const state = states[name]
    return state?.installed != null || (params.purge && state?.residual === true)
  })
  if (todo.length === 0) {
    return { changed: false, why: `${wanted.map(({ name }) => name).join(', ')}: not installed` }
  }
  const names = todo.map(({ name }) => name)
  const { value } = yield {
    summary: `${params.purge ? 'purge' : 'remove'} ${names.join(', ')}`,
    action: () => aptGet(context, [params.purge ? 'purge' : 'remove', ...names], options),
  }
  return { changed: true, why: '', data: output(value) }
}

/** A .deb file on the host, with what it depends on. */
export async function* installDeb(
  context: ModuleContext,
  params: AptParams,
  options: AptGetOptions,
  path: string,
  refresh: () => Steps<void>,
): Steps<AptPart> {
  if (/^https?:/.test(path)) {
    throw moduleFailure(
      'apt-deb-unreadable',
      `deb must be a file on the host, not ${path}`,
      'fetch it first with get_url',
    )
  }
  const deb = await context.freshFact(debFile, path)
  if (deb === null) throw moduleFailure('apt-deb-unreadable', `${path} is no package that dpkg-deb can read`)
  const installed = (await context.freshFact(packages, [deb.name]))[deb.name]?.installed
  if (installed?.complete && installed.version === deb.version) {
    return { changed: false, why: `${deb.name} ${deb.version} is installed` }
  }
  yield* refresh()
  // apt-get takes a file only when the path has a slash.
  const file = path.includes('/') ? path : `./${path}`
  const { value } = yield {
    summary: `install ${deb.name} ${deb.version} from ${path}`,
    action: () => aptGet(context, ['install', ...flags(params), file], options),
  }
  return { changed: true, why: '', data: output(value) }
}

/** Ansible's keys for what a command said. */
function output(value: unknown): Vars {
  if (typeof value !== 'object' || value === null || !('stdout' in value) || !('stderr' in value)) return {}
  const stdout = String(value.stdout)
  const stderr = String(value.stderr)
  return { stdout, stderr, stdout_lines: stdout.split('\n'), stderr_lines: stderr.split('\n') }
}
