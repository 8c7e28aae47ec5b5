import { basename } from 'node:path'
import type { Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import type { Value } from '../../model/value.ts'
import { compactJson } from '../../template/filters-of-data.ts'
import { defineFileModule, unsupportedAttributes } from './attributes.ts'
import { type ControllerFile, controllerFile, isControllerFolder } from './controller-file.ts'
import { copyTree } from './copied-tree.ts'
import { type CopyParams, copyParams } from './copy-params.ts'
import { checkSource, fileTarget, type Target } from './file-target.ts'
import { hostPath } from './host-path.ts'
import { copyOnHost } from './remote-copy.ts'
import { writeFile } from './written-file.ts'

/** Ansible's `copy`. */
export const copy = defineFileModule({
  name: 'copy',
  doc: 'Copies a file, a folder or given content to the host. A file is replaced whole or not at all, with its mode and owner.',
  params: copyParams,
  unsupported: [...unsupportedAttributes, 'decrypt', 'local_follow'],
  returns: {
    dest: 'path of the file on the host',
    src: 'path it came from',
    checksum: 'SHA-1 of the content',
    backup_file: 'where the old content was kept',
    mode: 'permissions, as 0644',
    size: 'bytes',
  },
  async *run(context, params) {
    const dest = await hostPath(context, params.dest)
    if (params.remote_src) return yield* copyOnHost(context, params, dest)
    if (params.src === undefined) return yield* copyContent(context, params, dest)
    const source = context.locate('files', params.src)
    if (await isControllerFolder(source)) return yield* copyTree(context, params, source, dest)
    return yield* copyFile(context, params, await controllerFile(source), dest)
  },
})

async function* copyContent(context: ModuleContext, params: CopyParams, dest: string): Steps {
  const target = await fileTarget(context, dest, null, params.follow)
  return yield* write(context, params, Buffer.from(contentText(params.content ?? '')), target)
}

/** Text as it is; maps and lists as JSON, as Ansible does. */
function contentText(content: Value): string {
  if (typeof content === 'string') return content
  if (typeof content === 'boolean') return content ? 'True' : 'False'
  return compactJson(content)
}

async function* copyFile(
  context: ModuleContext,
  params: CopyParams,
  source: ControllerFile,
  dest: string,
): Steps {
  const target = await fileTarget(context, dest, basename(source.file), params.follow)
  checkSource(params.checksum, source.file, source.sha1)
  const asked = params.mode?.kind === 'preserve' ? { kind: 'octal' as const, bits: source.mode } : params.mode
  const result = yield* write(context, { ...params, mode: asked }, source, target)
  return { ...result, data: { ...result.data, src: source.file } }
}

async function* write(
  context: ModuleContext,
  params: CopyParams,
  content: Uint8Array | ControllerFile,
  target: Target,
): Steps {
  if (!params.force && target.current !== null) {
    return { data: { dest: target.path }, why: `${target.path} exists and force is off` }
  }
  const { changed, data } = yield* writeFile(
    context,
    { path: target.path, content, attributes: params, backup: params.backup, validate: params.validate },
    target.current,
  )
  return changed ? { data } : { data, why: `${target.path} has this content, mode and owner` }
}
