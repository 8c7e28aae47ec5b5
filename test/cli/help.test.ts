import t from 'tap'
import { runCli } from '../../src/commands/cli.ts'
import { ExitCode } from '../../src/model/exit-code.ts'
import { leafCommands, unknownWord } from '../support/command-tree.ts'

const said = async (...argv: string[]): Promise<string> => {
  let text = ''
  const exitCode = await runCli(argv, {
    cwd: '/',
    env: {},
    version: '0',
    color: false,
    stdout: (part) => {
      text += part
    },
    stderr: t.fail,
    renderer: () => Promise.reject(new Error('no renderer is needed')),
    onSignal: () => ({ [Symbol.dispose]: () => undefined }),
  })
  t.equal(exitCode, ExitCode.ok, argv.join(' '))
  return text
}

const helpOf = (...words: string[]): Promise<string> => said(...words, '--help')

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

/** Commands with each option that decides something for them, and for no other. */
const takers: Readonly<Record<string, readonly string[]>> = {
  '--check': [
    ...['up', 'run', 'down', 'exec', 'image build', 'image prune', 'sandbox up', 'sandbox down'],
    ...['start', 'stop', 'restart', 'suspend', 'resume', 'clone'],
    ...['snapshot create', 'snapshot revert', 'snapshot delete'],
  ],
  '--diff': ['up', 'run', 'exec', 'calibrate', 'clone', 'replay', 'role test'],
  '--tags': ['up', 'run', 'plan', 'validate', 'calibrate'],
  '--forks': ['up', 'run', 'down', 'exec', 'doctor', 'calibrate'],
}

t.test('no command has an option that means nothing to it', async (t) => {
  for (const [option, commands] of Object.entries(takers)) {
    const found = [...leafCommands].filter(([, { options }]) => options.some(({ long }) => long === option))
    t.same(found.map(([name]) => name).sort(), [...commands].sort(), option)
  }
})

t.test('what the documents’ test knows of a command', async (t) => {
  const cases: [line: string, unknown: string | undefined][] = [
    ['hvlab port-forward guest1 8080:80', undefined],
    ['hvlab port guest1', 'port'],
    ['hvlab snapshot create|list', undefined],
    ['hvlab snapshot creat GUEST', 'snapshot creat'],
    ['hvlab up NAME --gate=BASELINE', undefined],
    ['hvlab logs GUEST --check', '--check'],
    ['hvlab ssh GUEST -- ls --check', undefined],
    ['hvlab --help', undefined],
  ]
  for (const [line, unknown] of cases) t.equal(unknownWord(line), unknown, line)
})

t.test('help as a word', async (t) => {
  t.equal(await said('help'), await helpOf())
  t.equal(await said('help', 'snapshot', 'create'), await helpOf('snapshot', 'create'))
  t.equal(await said('help', 'up', '--help'), await helpOf('up'))
})
