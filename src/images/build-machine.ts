import { defineFact } from '../facts/fact.ts'
import { readSections, sections } from '../facts/sections.ts'
import { lines } from '../facts/text.ts'
import { FailureError } from '../model/failure.ts'
import { sh } from '../util/sh.ts'
import type { PackagesImageFile } from './file/packages.ts'

/** What the packages builder has to know about the machine that it runs on. */
export interface BuildMachine {
  readonly root: boolean
  /** Debian's name, e.g. amd64; empty where there is no dpkg. */
  readonly architecture: string
  /** Tools that are missing, by command. */
  readonly missing: readonly string[]
  readonly versions: Readonly<Record<'mmdebstrap' | 'mke2fs' | 'qemu-img', string>>
  /** apt's sources as it uses them. */
  readonly sources: readonly { readonly url: string; readonly suite: string; readonly component: string }[]
  /** Settings of apt that decide whether mirrors can be reached: proxies and validity checks. */
  readonly aptOptions: readonly string[]
  /** mmdebstrap's hooks that merge /usr before packages are unpacked. */
  readonly mergedUsrHooks: boolean
  readonly keyringPresent: boolean
}

/** Command → the Debian and Ubuntu package that has it. */
const tools = {
  mmdebstrap: 'mmdebstrap',
  mke2fs: 'e2fsprogs',
  e2fsck: 'e2fsprogs',
  'qemu-img': 'qemu-utils',
  tar: 'tar',
  flock: 'util-linux',
  sha256sum: 'coreutils',
  'dpkg-query': 'dpkg',
} as const
const rootlessTools = { newuidmap: 'uidmap', unshare: 'util-linux' } as const
const packageOf: Readonly<Record<string, string>> = { ...tools, ...rootlessTools }

const mergedUsrHooks = '/usr/share/mmdebstrap/hooks/merged-usr'
const aptSettings = [
  'Acquire::http::Proxy',
  'Acquire::https::Proxy',
  'Acquire::Check-Valid-Until',
  'Acquire::Check-Date',
]

export const buildMachine = defineFact<[keyring: string], BuildMachine>({
  name: 'build-machine',
  command: (keyring) =>
    sh`PATH="$PATH:/usr/sbin:/sbin"; ${sections({
      uid: sh`id -u`,
      architecture: sh`dpkg --print-architecture`,
      missing: sh`for tool in ${Object.keys(packageOf)}; do command -v "$tool" >/dev/null || echo "$tool"; done`,
      mmdebstrap: sh`mmdebstrap --version`,
      mke2fs: sh`mke2fs -V 2>&1 | head -n 1`,
      'qemu-img': sh`qemu-img --version | head -n 1`,
      sources: sh`apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages'`,
      apt: sh`for name in ${aptSettings}; do eval "$(apt-config shell value "$name")"; [ -z "$value" ] || printf '%s "%s";\\n' "$name" "$value"; value=; done`,
      hooks: sh`[ -x ${mergedUsrHooks}/setup00.sh ] && [ -x ${mergedUsrHooks}/essential00.sh ] && echo yes`,
      keyring: sh`[ -r ${keyring} ] && echo yes`,
    })}`,
  parse({ stdout }) {
    const section = readSections(stdout)
    const root = section('uid').trim() === '0'
    return {
      root,
      architecture: section('architecture').trim(),
      missing: lines(section('missing')).filter((tool) => !root || !(tool in rootlessTools)),
      versions: {
        mmdebstrap: version(section('mmdebstrap')),
        mke2fs: version(section('mke2fs')),
        'qemu-img': version(section('qemu-img')),
      },
      sources: lines(section('sources')).flatMap((line) => {
        const [url, suite, component] = line.split(' ')
        return url && suite && component ? [{ url, suite, component }] : []
      }),
      aptOptions: lines(section('apt')).filter((line) => /^Acquire::[A-Za-z:-]+ "[^"]*";$/.test(line)),
      mergedUsrHooks: section('hooks') === 'yes',
      keyringPresent: section('keyring') === 'yes',
    }
  },
})

const version = (text: string): string => /\d+(\.\d+)+/.exec(text)?.[0] ?? ''

/** Throws when an image cannot be built on this machine, with what to install. */
export function requireBuildMachine(machine: BuildMachine, file: PackagesImageFile): void {
  if (machine.missing.length > 0) {
    const packages = [...new Set(machine.missing.map((tool) => packageOf[tool] ?? tool))]
    throw new FailureError({
      reason: 'module',
      code: 'image-tools-missing',
      message: `this machine cannot build images: ${machine.missing.join(', ')} not found`,
      hint: `On Debian and Ubuntu: \`apt-get install ${packages.join(' ')}\`, or put the role image_builder before the image task.`,
    })
  }
  if (machine.architecture !== file.architecture) {
    throw new FailureError({
      reason: 'module',
      code: 'image-architecture',
      message: `an image for ${file.architecture} cannot be built on a machine of architecture ${machine.architecture}`,
      hint: 'Build it on a machine of the same architecture.',
    })
  }
  if (!machine.keyringPresent) {
    throw new FailureError({
      reason: 'module',
      code: 'image-keyring-missing',
      message: `the keys that sign the packages are not on this machine: ${file.keyring} does not exist`,
      hint: 'On Debian and Ubuntu: `apt-get install debian-archive-keyring ubuntu-keyring`, whichever the image needs.',
    })
  }
}

/** Suites with their standard mirrors, and what of them is used. */
export interface MirrorChoice {
  readonly components: readonly string[]
  readonly sources: Readonly<Record<string, string>>
  readonly keyring: string
  readonly snapshot?: string | undefined
  readonly snapshot_mirror?: string | undefined
}

/**
 * apt's one-line sources for the image: for each suite the mirror of this machine's own apt where it has one for
 * that suite, else the image's. A source counts when it offers the component and shares a part of the path with the
 * image's mirror (`/debian`), so that other vendors' repositories for the same suite are left out. With a snapshot all
 * are that day's: `MIRROR/debian/20260701T000000Z`, as snapshot.debian.org has them.
 */
export function mirrorLines(file: MirrorChoice, machine: Pick<BuildMachine, 'sources'>): string[] {
  const source = (url: string, suite: string): string =>
    `deb [signed-by=${file.keyring}] ${url} ${suite} ${file.components.join(' ')}`
  return Object.entries(file.sources).map(([suite, standard]) => {
    const parts = pathParts(standard)
    const { snapshot, snapshot_mirror: past } = file
    if (snapshot !== undefined && past !== undefined)
      return source(`${withoutSlash(past)}/${parts.at(-1) ?? ''}/${snapshot}`, suite)
    const own = machine.sources.find(
      (known) =>
        known.suite === suite &&
        file.components.includes(known.component) &&
        /^https?:\/\/[^\s"\]]+$/.test(known.url) &&
        pathParts(known.url).some((part) => parts.includes(part)),
    )
    return source(withoutSlash(own?.url ?? standard), suite)
  })
}

const withoutSlash = (url: string): string => url.replace(/\/+$/, '')

function pathParts(url: string): string[] {
  return new URL(url).pathname.split('/').filter((part) => part !== '')
}
