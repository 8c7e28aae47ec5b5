import t from 'tap'
import { runCli } from '../../src/commands/cli.ts'
import { ExitCode } from '../../src/model/exit-code.ts'

const helpOf = async (...words: string[]): Promise<string> => {
  let said = ''
  const exitCode = await runCli([...words, '--help'], {
    cwd: '/',
    env: {},
    version: '0',
    color: false,
    stdout: (text) => {
      said += text
    },
    stderr: t.fail,
    renderer: () => Promise.reject(new Error('no renderer is needed')),
    onSignal: () => ({ [Symbol.dispose]: () => undefined }),
  })
  t.equal(exitCode, ExitCode.ok, words.join(' '))
  return said
}

/** Names of the commands that a help lists, by its headings. */
const listed = (help: string): string[] =>
  [...help.matchAll(/^ {2}([a-z][a-z-]*)(?: |$)/gm)].map(([, name = '']) => name)

t.test('the help groups the commands; that of each is for people', async (t) => {
  const help = await helpOf()
  t.same(help.match(/^[A-Z].*:$/gm), [
    'Options:',
    'A lab:',
    'Its guests:',
    'Its results:',
    'Hosts:',
    'More (each with commands of its own):',
  ])
  for (const name of listed(help)) {
    const own = await helpOf(name)
    t.notMatch(own, /default: (\[\]|0)\)/, `${name}: no default of the parser's`)
    for (const part of own.includes('\nCommands:\n') ? listed(own) : [])
      t.notMatch(await helpOf(name, part), /default: (\[\]|0)\)/, `${name} ${part}`)
  }
})
