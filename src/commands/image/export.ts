import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { ExitCode } from '../../model/exit-code.ts'
import { FailureError } from '../../model/failure.ts'
import { renderCommand, sh } from '../../util/sh.ts'
import type { CommandEnvironment } from '../environment.ts'
import { printData } from '../print-data.ts'
import { findStored, openThisMachine, type StoreOptions } from './store-images.ts'

export interface ExportOptions extends StoreOptions {
  readonly compress: boolean
}

/** `hvlab image export NAME FILE`: a disk for people and other tools, with what its kernel needs said. Never over a file. */
export async function imageExportCommand(
  wanted: string,
  file: string,
  options: ExportOptions,
  env: CommandEnvironment,
): Promise<number> {
  const { folder, manifest } = findStored(wanted, options.store, env.cwd)
  const target = resolve(env.cwd, file)
  const refuseExisting = () => {
    if (existsSync(target)) throw failed('config', `${file} exists already`, 'Name a new file.')
  }
  refuseExisting()
  if (!existsSync(dirname(target)))
    throw failed('config', `there is no folder ${dirname(file)}`, 'Make it first, or name another file.')
  const disk = join(folder, 'image.qcow2')
  // Of this process, for two may export to one file; a link is made only where nothing is, which a rename does not promise.
  const part = `${target}.part-${process.pid}`
  const copy = target.endsWith('.zst')
    ? sh`zstd -q -3 -T0 -f ${disk} -o ${part}`
    : options.compress
      ? sh`qemu-img convert -c -W -m 4 -O qcow2 ${disk} ${part}`
      : sh`cp --reflink=auto --sparse=always ${disk} ${part}`
  await using host = await openThisMachine(env)
  const publish = sh`{ ln -T ${part} ${target} 2>/dev/null || { [ ! -e ${target} ] && mv -T ${part} ${target}; }; }`
  const result = await host.run(
    sh`(trap ${renderCommand(sh`rm -f ${part}`)} EXIT; trap 'exit 1' HUP INT TERM; ${copy} && ${publish})`,
  )
  if (result.exitCode !== 0) {
    refuseExisting()
    const [why = ''] = result.stderr.trim().split('\n')
    throw failed('module', `${file} could not be written: ${why}`)
  }
  const kernel = join(folder, 'vmlinuz')
  const initrd = join(folder, 'initrd')
  const { cmdline } = manifest
  if (!printData({ file: target, kernel, initrd, cmdline }, options, env)) {
    env.stdout(`${file}: image ${manifest.name}, built ${manifest.built_at}\n`)
    env.stdout(`its kernel: ${kernel}, initrd: ${initrd}, command line: ${cmdline}\n`)
  }
  return ExitCode.ok
}

function failed(reason: 'config' | 'module', message: string, hint?: string): FailureError {
  return new FailureError({
    reason,
    code: 'image-export-failed',
    message,
    ...(hint === undefined ? {} : { hint }),
  })
}
