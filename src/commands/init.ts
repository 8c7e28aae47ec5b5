import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { ExitCode } from '../model/exit-code.ts'
import { packageRoot } from '../util/package-root.ts'
import type { CommandEnvironment } from './environment.ts'

/** The new lab's files, and the package's file that each starts from. */
const copies: readonly { readonly to: string; readonly from: string; readonly head: string }[] = [
  {
    to: 'pipelines/lab.yml',
    from: 'pipelines/quick.yml',
    head: '# Your lab. Run it from this folder with:  hvlab up\n',
  },
  {
    to: 'inventory/hosts.yml',
    from: 'inventory/local.yml',
    head: '# Your machines. hvlab reads every file of this folder.\n',
  },
]

const readme = `# A virtualisation lab

- \`inventory/hosts.yml\`: the machines
- \`pipelines/lab.yml\`: what happens on them, in order

Roles (\`roles/\`), images (\`images/\`) and further pipelines of your own go into folders of these names; what is not here
comes from hvlab itself.

    hvlab doctor      what the machines can do
    hvlab plan lab    what would happen
    hvlab up          do it; reports are in results/
    hvlab down        remove what it made
`

/** Writes a small lab into a new folder. A folder that holds anything is left alone (exit 1). */
export async function initCommand(folder: string, env: CommandEnvironment): Promise<number> {
  const target = resolve(env.cwd, folder)
  if (existsSync(target) && !statSync(target).isDirectory()) {
    env.stderr(`error: ${folder} is a file\n  hint: name a new folder; nothing was written\n`)
    return ExitCode.usage
  }
  if (existsSync(target) && readdirSync(target).length > 0) {
    env.stderr(`error: the folder ${folder} is not empty\n  hint: name a new folder; nothing was written\n`)
    return ExitCode.usage
  }
  for (const { to, from, head } of copies)
    write(join(target, to), head + withoutTitle(readFileSync(join(packageRoot, from), 'utf8')))
  write(join(target, 'README.md'), readme)
  write(join(target, '.gitignore'), 'results/\n')
  env.stdout(`${folder}: a new lab. Next:\n  cd ${folder}\n  hvlab plan lab\n  hvlab up\n`)
  return ExitCode.ok
}

/** The first line of the package's file says what that file is. */
function withoutTitle(text: string): string {
  return text.slice(text.indexOf('\n') + 1)
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  // `wx`: never over a file that appeared meanwhile.
  writeFileSync(path, text, { flag: 'wx' })
}
