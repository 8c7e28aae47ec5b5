import { copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { workFiles } from './packer-command.ts'

/** Name of the archive of logs among the evidence. */
export const keptLogs = 'installer-logs.tar.gz'

export interface KeptEvidence {
  readonly serialFile: string
  /** Archive of /var/log/installer, when the installer sent one. */
  readonly logs?: string
}

/**
 * Copies a failed build's console and the installer's logs out of the work folder, which goes. Secrets of the build
 * are taken out of the console.
 */
export async function keepEvidence(
  folder: string,
  target: string,
  secrets: readonly string[],
): Promise<KeptEvidence> {
  await mkdir(target, { recursive: true })
  const serialFile = join(target, 'serial.log')
  const serial = await readFile(join(folder, workFiles.serial), 'latin1').catch(() => '')
  const masked = secrets.reduce((text, secret) => text.replaceAll(secret, '***'), serial)
  await writeFile(serialFile, masked, { encoding: 'latin1', mode: 0o600 })
  for (const name of ['reported-logs.tar.gz', workFiles.logs]) {
    const size = await stat(join(folder, name)).then(
      (status) => status.size,
      () => 0,
    )
    if (size === 0) continue
    const logs = join(target, keptLogs)
    await copyFile(join(folder, name), logs)
    return { serialFile, logs }
  }
  return { serialFile }
}
