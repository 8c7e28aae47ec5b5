import { join } from 'node:path'
import { defineFact } from '../../facts/fact.ts'
import { readSections, sections } from '../../facts/sections.ts'
import { lines } from '../../facts/text.ts'
import { FailureError } from '../../model/failure.ts'
import type { HostAccess } from '../../model/host-access.ts'
import { packageRoot } from '../../util/package-root.ts'
import { sh } from '../../util/sh.ts'

/** What the builder `packer` needs of the controller. */
export interface PackerMachine {
  readonly user: string
  /** Commands that are missing. */
  readonly missing: readonly string[]
  readonly versions: Readonly<Record<'packer' | 'qemu' | 'xorriso' | 'qemu-img' | 'e2fsprogs', string>>
}

/** Command → the Debian and Ubuntu package that has it. */
const tools: Readonly<Record<string, string>> = {
  packer: 'packer',
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  xorriso: 'xorriso',
  debugfs: 'e2fsprogs',
  e2fsck: 'e2fsprogs',
  flock: 'util-linux',
  sha256sum: 'coreutils',
}

/** Asks as the controller's own user. CHECKPOINT_DISABLE: otherwise Packer asks its maker about newer versions. */
export const packerMachine = defineFact<[], PackerMachine>({
  name: 'packer-machine',
  command: () =>
    sh`PATH="$PATH:/usr/sbin:/sbin"; ${sections({
      user: sh`id -u`,
      missing: sh`for tool in ${Object.keys(tools)}; do command -v "$tool" >/dev/null || echo "$tool"; done`,
      packer: sh`CHECKPOINT_DISABLE=1 packer version </dev/null | head -n 1`,
      qemu: sh`qemu-system-x86_64 --version | head -n 1`,
      xorriso: sh`xorriso --version 2>/dev/null | head -n 1`,
      'qemu-img': sh`qemu-img --version | head -n 1`,
      e2fsprogs: sh`debugfs -V 2>&1 | head -n 1`,
    })}`,
  parse({ stdout }) {
    const section = readSections(stdout)
    const version = (name: string): string => /\d+(\.\d+)+/.exec(section(name))?.[0] ?? ''
    return {
      user: section('user').trim(),
      missing: lines(section('missing')),
      versions: {
        packer: version('packer'),
        qemu: version('qemu'),
        xorriso: version('xorriso'),
        'qemu-img': version('qemu-img'),
        e2fsprogs: version('e2fsprogs'),
      },
    }
  },
})

/** Throws when an image cannot be built by Packer here, with what to install. */
export function requirePackerMachine(machine: PackerMachine): void {
  if (machine.missing.length === 0) return
  const packages = [...new Set(machine.missing.map((tool) => tools[tool] ?? tool))]
  throw new FailureError({
    reason: 'module',
    code: 'image-tools-missing',
    message: `this machine cannot build images with Packer: ${machine.missing.join(', ')} not found`,
    hint: `On Debian and Ubuntu: \`apt-get install ${packages.join(' ')}\`, or put the role packer before the image task. Elsewhere Packer comes from https://developer.hashicorp.com/packer.`,
  })
}

/** From 1.7 on Packer's builders are plugins, fetched once by `packer init`; nothing happens where it is there. */
export async function ensurePlugin(controller: HostAccess, machine: PackerMachine): Promise<void> {
  const [major = 0, minor = 0] = machine.versions.packer.split('.').map(Number)
  if (major === 1 && minor < 7) return
  const result = await controller.run({
    ...sh`packer init ${join(packageRoot, 'images/plugins.pkr.hcl')}`,
    env: { CHECKPOINT_DISABLE: '1' },
  })
  if (result.exitCode === 0) return
  throw new FailureError({
    reason: 'module',
    code: 'packer-plugin-missing',
    message: `Packer ${machine.versions.packer} has no plugin for QEMU, and could not fetch it`,
    hint: 'Run `packer plugins install github.com/hashicorp/qemu` where there is a network, or install it by hand into ~/.config/packer/plugins.',
    details: `${result.stdout}\n${result.stderr}`.trim(),
  })
}
