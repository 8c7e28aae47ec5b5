import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { checkImageName } from '../../images/image.ts'
import { imageFolder } from '../../images/image-folder.ts'
import { ExitCode } from '../../model/exit-code.ts'
import { FailureError } from '../../model/failure.ts'
import { searchPathOf } from '../../plan/search-path.ts'
import { packageRoot } from '../../util/package-root.ts'
import type { CommandEnvironment } from '../environment.ts'

/** `hvlab image new NAME`: a copy of an image in the lab's own `images/`, to be changed. Writes over nothing. */
export async function newImageCommand(
  name: string,
  options: { readonly from: string },
  env: CommandEnvironment,
): Promise<number> {
  checkImageName(name)
  const lab = resolve(env.cwd)
  const source = imageFolder(options.from, searchPathOf(lab))
  const target = join(lab, 'images', name)
  if (existsSync(target)) {
    throw new FailureError({
      reason: 'config',
      code: 'image-exists',
      message: `there is an image ${name} already: ${target}`,
      hint: 'Take another name, or change that one. Nothing was written.',
    })
  }
  mkdirSync(join(lab, 'images'), { recursive: true })
  cpSync(source, target, { recursive: true, errorOnExist: true, force: false })
  for (const file of ['image.yml', 'user-data']) {
    const path = join(target, file)
    if (existsSync(path)) writeFileSync(path, renamed(readFileSync(path, 'utf8'), options.from, name))
  }
  const files = readdirSync(target)
    .map((file) => `  images/${name}/${file}\n`)
    .join('')
  env.stdout(
    `A new image, as ${options.from} is:\n${files}Next:\n  change packages, user-data …\n  hvlab image build ${name}\n`,
  )
  return ExitCode.ok
}

/** Its own name where a person reads it, and the schemas where they are as seen from the lab. */
function renamed(text: string, from: string, name: string): string {
  return text
    .replace(/^description: .*$/m, `description: ${name}, made from ${from}`)
    .replaceAll(`hvlab image build ${from}`, `hvlab image build ${name}`)
    .replace(/\$schema=\.\.\/\.\.\/schemas\//, `$schema=${join(packageRoot, 'schemas')}/`)
}
