import type { Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'
import { splitLines, toByteText } from '../files/edited-lines.ts'
import { readHostText, writeHostText } from '../files/host-text.ts'

/** Both folders' files end in .conf. Sources: modules-load.d(5), modprobe.d(5). */
const loadFolder = '/etc/modules-load.d'
const optionFolder = '/etc/modprobe.d'

/** Whether a module is loaded at boot, and with which parameters. Lines that no longer count become comments, as in Ansible. */
export async function* keepForBoot(
  context: ModuleContext,
  name: string,
  wanted: readonly string[],
  isKept: boolean,
): Steps<boolean> {
  const pattern = name.replace(/[-_]/g, '[-_]')
  const isName = new RegExp(`^\\s*${pattern}\\s*(?:[#;].*)?$`)
  const isOption = new RegExp(`^\\s*options\\s+${pattern}\\s+(.*?)\\s*(?:#.*)?$`)
  const files = await filesWith(context, pattern)
  const load = files.filter(({ path }) => path.startsWith(`${loadFolder}/`))
  const options = files.filter(({ path }) => path.startsWith(`${optionFolder}/`))
  const isLoaded = load.some(({ text }) => linesOf(text).some((line) => isName.test(line)))
  const set = options.flatMap(({ text }) =>
    linesOf(text).flatMap((line) => isOption.exec(line)?.[1]?.split(/\s+/) ?? []),
  )
  let changed = false

  if (isKept && !isLoaded) {
    yield* write(context, `${loadFolder}/${name}.conf`, (text) => `${ended(text)}${name}\n`)
    changed = true
  }
  if (!isKept && isLoaded) {
    for (const { path } of load) yield* write(context, path, (text) => commented(text, isName))
    changed = true
  }
  const isSame = set.length === wanted.length && wanted.every((word) => set.includes(word))
  if (isKept ? !isSame : set.length > 0) {
    const own = `${optionFolder}/${name}.conf`
    for (const { path } of options)
      if (path !== own || !isKept) yield* write(context, path, (text) => commented(text, isOption))
    if (isKept && (wanted.length > 0 || options.some(({ path }) => path === own)))
      yield* write(
        context,
        own,
        (text) =>
          `${ended(commented(text, isOption))}${wanted.map((word) => `options ${name} ${word}\n`).join('')}`,
      )
    changed = true
  }
  return changed
}

const linesOf = (text: string): string[] => text.split('\n')
const ended = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`)

function commented(text: string, which: RegExp): string {
  return splitLines(text)
    .map((line) => (which.test(line.replace(/\n$/, '')) ? `#${line}` : line))
    .join('')
}

/** The files that name the module at all. */
async function filesWith(context: ModuleContext, pattern: string): Promise<{ path: string; text: string }[]> {
  const { stdout } = await context.run(sh`grep -ls -- ${pattern} ${loadFolder}/*.conf ${optionFolder}/*.conf`)
  const paths = stdout
    .split('\n')
    .filter((path) => [loadFolder, optionFolder].some((folder) => path.startsWith(`${folder}/`)))
  return await Promise.all(paths.map(async (path) => ({ path, text: toByteText(await context.get(path)) })))
}

async function* write(context: ModuleContext, path: string, edit: (text: string) => string): Steps<void> {
  const file = await readHostText(context, path)
  const after = edit(file.text)
  if (after !== file.text) yield* writeHostText(context, file, after)
}
