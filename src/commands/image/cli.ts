import { type Command, InvalidArgumentError } from 'commander'
import { type Exits, type Flags, formatOption, runFlags, withOptions } from '../cli-options.ts'
import type { CommandEnvironment } from '../environment.ts'

/** `hvlab image …`: everything about images that needs no pipeline. */
export function imageCommands(program: Command, exits: Exits, env: CommandEnvironment): void {
  const image = program
    .command('image')
    .description('build images of images/, and look after those in the store of this machine')
    .helpCommand(false)
  const command = (signature: string, description: string) =>
    image
      .command(signature)
      .description(description)
      .exitOverride()
      .option('--store <folder>', 'the image store', '/var/lib/hvlab/images')
      .addOption(formatOption())
  const text = (flags: Flags, name: string) =>
    typeof flags[name] === 'string' ? { [name]: flags[name] as string } : {}
  const storeFlags = (flags: Flags) => ({
    store: String(flags['store']),
    format: runFlags(flags).format,
  })

  withOptions(
    image.command('build <name>').description('build an image, unless the store has it').exitOverride(),
    'inventory',
    'extraVars',
    'check',
    'verbose',
    'format',
  )
    .option('--iso <file>', 'start from this installer or published disk instead of a download')
    .option('--rebuild', 'build again although the store has it')
    .option('--keep-on-error', 'leave the machine of a failed installation running, to look at')
    .option('--stall <seconds>', 'the installer has failed when it says nothing for this long', seconds)
    .option('--deadline <seconds>', 'the longest that the installation may take', seconds)
    .option('--store <folder>', 'an image store of your own, which needs no root')
    .action(
      exits(async (name: string, flags: Flags) => {
        return (await import('./build.ts')).imageBuildCommand(
          name,
          {
            ...runFlags(flags),
            rebuild: flags['rebuild'] === true,
            keepOnError: flags['keepOnError'] === true,
            ...text(flags, 'iso'),
            ...text(flags, 'store'),
            ...(flags['stall'] === undefined ? {} : { stallSeconds: flags['stall'] as number }),
          },
          env,
        )
      }),
    )
  image
    .command('new <name>')
    .description('begin an image of your own: a copy in the images/ of this folder')
    .exitOverride()
    .option('--from <image>', 'the image to copy', 'ubuntu-20.04')
    .action(
      exits(async (name: string, flags: Flags) =>
        (await import('./new.ts')).newImageCommand(name, { from: String(flags['from']) }, env),
      ),
    )
  command('list', 'images of images/ and in the store').action(
    exits(async (flags: Flags) => (await import('./list.ts')).imageListCommand(storeFlags(flags), env)),
  )
  command('show <image>', 'what an image was made from, and how').action(
    exits(async (name: string, flags: Flags) =>
      (await import('./show.ts')).imageShowCommand(name, storeFlags(flags), env),
    ),
  )
  command('verify [images...]', 'compare images of the store with the digests in their manifests').action(
    exits(async (names: string[], flags: Flags) =>
      (await import('./verify.ts')).imageVerifyCommand(names, storeFlags(flags), env),
    ),
  )
  command('prune', 'remove images that nothing refers to any more: older builds and damaged ones')
    .option('-C, --check', 'remove nothing, say what would go')
    .option('--downloads', 'kept downloads, too')
    .action(
      exits(async (flags: Flags) =>
        (await import('./prune.ts')).imagePruneCommand(
          { ...storeFlags(flags), check: flags['check'] === true, downloads: flags['downloads'] === true },
          env,
        ),
      ),
    )
  command('export <image> <file>', 'copy an image out of the store: FILE.qcow2, or FILE.qcow2.zst to send it')
    .option('--compress', 'compress inside the qcow2 (zlib: any QEMU reads it)')
    .action(
      exits(async (name: string, file: string, flags: Flags) =>
        (await import('./export.ts')).imageExportCommand(
          name,
          file,
          { ...storeFlags(flags), compress: flags['compress'] === true },
          env,
        ),
      ),
    )
  command('diff <image> <other>', 'packages and settings in which two images differ').action(
    exits(async (name: string, other: string, flags: Flags) =>
      (await import('./diff.ts')).imageDiffCommand(name, other, storeFlags(flags), env),
    ),
  )
}

function seconds(value: string): number {
  const number = Number(value)
  if (!Number.isFinite(number) || number <= 0)
    throw new InvalidArgumentError('It must be a number of seconds.')
  return number
}
