import type { Command } from 'commander'
import { FailureError } from '../model/failure.ts'

/** Commands of other tools, and what does the same here. */
const instead: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'apply deploy create provision': '`hvlab up` makes the lab, `hvlab run FILE` runs one file',
    'playbook ansible-playbook': '`hvlab run FILE` runs a playbook',
    'ansible adhoc': '`hvlab exec PATTERN -m MODULE` runs one module',
    'destroy delete remove rm clean undefine': '`hvlab down` removes what hvlab made',
    'list ls ps': '`hvlab status` lists the guests, `hvlab image list` the images',
    'lint check': '`hvlab validate` checks the files, `hvlab up --check` shows what would change',
    'halt shutdown poweroff': '`hvlab stop` shuts guests down',
    reboot: '`hvlab restart` restarts guests',
    'login shell': '`hvlab ssh GUEST` logs in to a guest, `hvlab sandbox shell HOST` to a sandbox host',
    galaxy: 'roles are folders in roles/',
    vault: 'hvlab has no vault: a file that only you may read, given with -e @FILE, holds secrets',
    version: '`hvlab --version` says it',
  }).flatMap(([words, hint]) => words.split(' ').map((word) => [word, hint] as const)),
)

/**
 * The command line as the parser takes it: `help snapshot create` becomes `snapshot create --help`. Of an unknown command
 * nothing is left behind its word, so that no `--help` there hides the mistake.
 */
export function commandWords(argv: readonly string[], program: Command): string[] {
  const help = argv[0] === 'help'
  const words = help ? argv.slice(1) : [...argv]
  let command = program
  for (const [index, word] of words.entries()) {
    if (command.commands.length === 0 || word.startsWith('-')) break
    const next = command.commands.find((candidate) => candidate.name() === word)
    if (next === undefined) {
      const hint = index === 0 ? instead.get(word) : undefined
      if (hint === undefined) return words.slice(0, index + 1)
      throw new FailureError({ reason: 'config', code: 'usage', message: `unknown command '${word}'`, hint })
    }
    command = next
  }
  return help ? [...words, '--help'] : words
}
