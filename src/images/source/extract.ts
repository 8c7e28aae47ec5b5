import { FailureError } from '../../model/failure.ts'
import type { HostAccess } from '../../model/host-access.ts'
import { sh } from '../../util/sh.ts'

/**
 * Takes the installer's kernel and initrd out of an ISO without mounting it, as `vmlinuz` and `initrd` in a folder.
 * Needs xorriso and no root.
 */
export async function extractBoot(
  controller: HostAccess,
  iso: string,
  paths: { readonly kernel: string; readonly initrd: string },
  folder: string,
): Promise<void> {
  const result = await controller.run(
    sh`(cd ${folder} && xorriso -osirrox on -indev ${iso} -extract ${paths.kernel} vmlinuz -extract ${paths.initrd} initrd >&2 && chmod u+w vmlinuz initrd && [ "$(dd if=vmlinuz bs=1 skip=514 count=4 2>/dev/null)" = HdrS ] && [ -s initrd ])`,
  )
  if (result.exitCode === 0) return
  const said = result.stderr.split('\n').filter((line) => / : (FAILURE|FATAL|SORRY) : /.test(line))
  throw new FailureError({
    reason: 'module',
    code: 'image-not-an-installer',
    message: `${iso} is not an installer that hvlab can start: it has no kernel ${paths.kernel} with initrd ${paths.initrd}`,
    hint: 'A live-server ISO of Ubuntu is needed; desktop and netboot ISOs are built differently.',
    ...(said.length === 0 ? {} : { details: said.join('\n') }),
  })
}
