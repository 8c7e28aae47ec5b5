import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { packageRoot } from '../../src/util/package-root.ts'
import { atEnd } from '../support/cleanup.ts'
import { type HvlabOptions, HvlabProcess, type HvlabResult, hvlab } from '../support/hvlab-process.ts'
import { processes } from '../support/processes.ts'
import { inTerminal } from '../support/terminal-session.ts'
import { tool } from '../support/tool.ts'

/** Runs that end before their time, through the real command, and how they go on. */

// Many processes, on a machine that may be busy.
t.setTimeout(300_000)

/** Three tasks; the middle one hangs, in two processes, until the file `go` is there. */
class Lab {
  readonly path: string
  /** Names the processes of this lab among all of the machine. */
  readonly seconds: string
  static #count = 0

  constructor(t: Test, trap = '') {
    Lab.#count += 1
    this.seconds = `${9000 + Lab.#count}.${process.pid}`
    this.path = mkdtempSync(join(tmpdir(), 'hvlab-stop-'))
    atEnd(t, () => {
      for (const { pid } of this.sleeping()) process.kill(pid, 'SIGKILL')
      rmSync(this.path, { recursive: true, force: true })
    })
    const task = (name: string, command: string) =>
      `    - name: ${name}\n      shell: ${JSON.stringify(command)}\n      args: {chdir: ${JSON.stringify(this.path)}}\n`
    const hang = `${trap}[ -e go ] || { echo hanging; sleep ${this.seconds} & sleep ${this.seconds}; }`
    writeFileSync(
      join(this.path, 'site.yml'),
      `- hosts: localhost\n  gather_facts: false\n  tasks:\n${task('first', 'echo first >> log')}${task('long', `${hang}; echo long >> log`)}${task('last', 'echo last >> log')}`,
    )
  }

  get #options(): HvlabOptions {
    return { cwd: this.path, env: { XDG_STATE_HOME: join(this.path, 'state') } }
  }

  /** Starts the run, and waits until the middle task hangs. */
  async start(args: readonly string[] = [], through: readonly string[] = []): Promise<HvlabProcess> {
    const argv = ['run', 'site.yml', '--format', 'plain', ...args]
    const run = new HvlabProcess(argv, {
      ...this.#options,
      through: ['env', '-u', 'NODE_OPTIONS', ...through],
    })
    while (this.sleeping().length < 2 && !run.ended) await delay(20)
    return run
  }

  /** Lets the middle task through and continues. */
  async resume(): Promise<HvlabResult> {
    writeFileSync(join(this.path, 'go'), '')
    return await hvlab(['run', 'site.yml', '--resume', '--format', 'plain'], this.#options)
  }

  sleeping(): readonly { readonly pid: number }[] {
    return processes().filter(({ commandLine }) => commandLine === `sleep ${this.seconds}`)
  }

  done(): string[] {
    const log = join(this.path, 'log')
    return existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []
  }
}

const recap = `
RECAP
localhost : ok=1 changed=1 unreachable=0 failed=0 skipped=0 rescued=0 ignored=0

finished in <time>
`

function said(why: string): string {
  return [
    'hvlab site · <run>',
    'STAGE play-1 (localhost)',
    '  localhost | changed | first (<time>)',
    why,
    '  localhost | interrupted | long (<time>)',
    'Continue it with: hvlab run site.yml --resume <run>',
    '',
  ].join('\n')
}

function steady(text: string): string {
  return text
    .replaceAll(/\d{8}-\d{6}-[\w-]+/g, '<run>')
    .replaceAll(/\b\d+\.\d s\b/g, '<time>')
    .replaceAll(/[^\S\n]+$/gm, '')
}

const ways: readonly {
  readonly title: string
  readonly stop: (run: HvlabProcess) => void
  readonly exit: number
  readonly says: string
  readonly args?: readonly string[]
}[] = [
  {
    title: 'Ctrl-C, to hvlab alone',
    stop: (run) => run.interrupt(),
    exit: 130,
    says: 'interrupted by SIGINT, stopping',
  },
  {
    title: 'Ctrl-C, as a terminal sends it',
    stop: (run) => run.interruptGroup(),
    exit: 130,
    says: 'interrupted by SIGINT, stopping',
  },
  {
    title: 'SIGTERM',
    stop: (run) => run.interrupt('SIGTERM'),
    exit: 143,
    says: 'interrupted by SIGTERM, stopping',
  },
  {
    title: 'Ctrl-\\',
    stop: (run) => run.interrupt('SIGQUIT'),
    exit: 143,
    says: 'interrupted by SIGQUIT, stopping',
  },
  {
    title: '--deadline',
    stop: () => undefined,
    exit: 6,
    says: 'the deadline has passed, stopping',
    args: ['--deadline', '3'],
  },
]

for (const { title, stop, exit, says, args } of ways) {
  t.test(`${title}: stops cleanly, and --resume goes on`, async (t) => {
    const lab = new Lab(t)
    const run = await lab.start(args, ['setsid'])
    const before = performance.now()
    stop(run)
    const { exitCode, stderr, stdout } = await run.result()
    t.ok(performance.now() - before < 5000, 'within 5 s')
    t.same(lab.sleeping(), [], 'nothing is left running')
    t.equal(exitCode, exit)
    t.equal(steady(stderr), said(says))
    t.equal(steady(stdout), recap)
    const resumed = await lab.resume()
    t.equal(resumed.exitCode, 0, resumed.stderr)
    t.same(lab.done(), ['first', 'long', 'last'], 'what was done is not done again')
  })
}

t.test('Ctrl-C in a last step that ends all the same: nothing is left to continue', async (t) => {
  const lab = new Lab(t)
  const steps = `${lab.path}/steps`
  writeFileSync(
    join(lab.path, 'site.yml'),
    `stages:\n  - name: last\n    hosts: localhost\n    script: last.mjs\n`,
  )
  writeFileSync(
    join(lab.path, 'last.mjs'),
    `import { existsSync, writeFileSync } from 'node:fs'
export default async () => {
  writeFileSync(${JSON.stringify(`${steps}-begun`)}, '')
  while (!existsSync(${JSON.stringify(`${steps}-go`)})) await new Promise((resolve) => setTimeout(resolve, 20))
}\n`,
  )
  const run = new HvlabProcess(['run', 'site.yml', '--format', 'plain'], { cwd: lab.path })
  while (!existsSync(`${steps}-begun`) && !run.ended) await delay(20)
  run.interrupt()
  await run.until('interrupted by SIGINT', 'stderr')
  writeFileSync(`${steps}-go`, '')
  const { exitCode, stderr } = await run.result()
  t.equal(exitCode, 130)
  t.match(steady(stderr), 'interrupted by SIGINT, stopping\n  localhost | changed | last.mjs (<time>)\n')
  t.notMatch(stderr, 'Continue it with')
  const resumed = await lab.resume()
  t.equal(resumed.exitCode, 1)
  t.match(resumed.stderr, /The newest run of site, \S+, is complete: there is nothing to resume\./)
})

t.test('a living run is not continued by another process, a dead one is', async (t) => {
  const lab = new Lab(t)
  const run = await lab.start()
  for (const args of [[], ['--check']]) {
    const second = await hvlab(['run', 'site.yml', '--resume', '--format', 'plain', ...args], {
      cwd: lab.path,
      env: { XDG_STATE_HOME: join(lab.path, 'state') },
    })
    t.equal(second.exitCode, 1)
    t.match(
      second.stderr,
      `is still running: process ${run.pid} works on it.\n  hint: Wait until it has ended, or end it with \`kill ${run.pid}\`; then --resume goes on.\n`,
    )
  }
  t.equal(lab.sleeping().length, 2, 'it goes on')
  run.interrupt('SIGKILL')
  await t.rejects(run.result(), /ended by SIGKILL/)
  for (const { pid } of lab.sleeping()) process.kill(pid, 'SIGKILL')
  t.equal((await lab.resume()).exitCode, 0)
})

t.test('two processes that continue one run at the same moment: one does', async (t) => {
  const lab = new Lab(t)
  const run = await lab.start()
  run.interrupt()
  await run.result()
  const both = [lab.start(['--resume']), lab.start(['--resume'])]
  const [one, other] = await Promise.all(both)
  while (lab.sleeping().length < 2 || !(one?.ended || other?.ended)) await delay(20)
  const refused = one?.ended ? one : other
  const living = one?.ended ? other : one
  const { exitCode, stderr } = (await refused?.result()) ?? {}
  t.equal(exitCode, 1)
  // Where the other one has not yet said whose it is, nobody wrong is named.
  t.match(
    stderr,
    new RegExp(
      `by process ${living?.pid}, as|process ${living?.pid} works on it|another process works on it`,
    ),
  )
  living?.interrupt()
  t.equal((await living?.result())?.exitCode, 130)
  t.same(lab.done(), ['first'])
})

t.test('Ctrl-C twice ends at once what does not want to end', async (t) => {
  const lab = new Lab(t, 'trap "" TERM INT HUP; ')
  const run = await lab.start()
  const before = performance.now()
  run.interrupt()
  await delay(100)
  run.interrupt()
  const { exitCode, stderr } = await run.result()
  t.ok(performance.now() - before < 1500, 'without waiting')
  t.equal(exitCode, 130)
  t.match(stderr, /^interrupted by SIGINT again, not waiting any longer$/m)
  while (lab.sleeping().length > 0 && performance.now() - before < 8000) await delay(50)
  t.same(lab.sleeping(), [], 'it is killed all the same')
})

t.test('kill -9, then --resume', async (t) => {
  const lab = new Lab(t)
  const run = await lab.start()
  run.interrupt('SIGKILL')
  await t.rejects(run.result(), /ended by SIGKILL/)
  for (const { pid } of lab.sleeping()) process.kill(pid, 'SIGKILL')
  const resumed = await lab.resume()
  t.equal(resumed.exitCode, 0, resumed.stderr)
  t.same(
    lab.done().filter((line) => line !== 'long'),
    ['first', 'last'],
  )
})

t.test('Ctrl-Z gives the cursor back, and the run goes on after fg', async (t) => {
  const lab = new Lab(t)
  const words = [process.execPath, join(packageRoot, 'bin/hvlab.mjs'), 'run', 'site.yml']
  const options = { cwd: lab.path, env: { XDG_STATE_HOME: join(lab.path, 'state'), TERM: 'xterm' } }
  const session = await inTerminal(words, options)
  while (lab.sleeping().length < 2) await delay(20)
  session.type('\u001a')
  await session.until('\u001b[?25h')
  const isStopped = () => / T /.test(readFileSync(`/proc/${session.pid}/stat`, 'utf8'))
  while (!isStopped()) await delay(20)
  process.kill(session.pid, 'SIGCONT')
  await session.until('\u001b[?25l')
  session.type('\u0003')
  const { exitCode, shown } = await session.ended
  t.equal(exitCode, 130, shown)
  t.match(shown.slice(-400), /\u001b\[\?25h/)
})

t.test('under nohup, as bash and zsh tell it, a terminal that is closed does not stop it', async (t) => {
  const lab = new Lab(t)
  const run = await lab.start([], ['env', '_=/usr/bin/nohup'])
  run.interrupt('SIGHUP')
  await delay(300)
  t.equal(lab.sleeping().length, 2, 'it goes on')
  run.interrupt('SIGTERM')
  t.equal((await run.result()).exitCode, 143)
})

t.test('a folder that is gone', async (t) => {
  const lab = new Lab(t)
  const command = 'mkdir gone; cd gone; rmdir ../gone; exec "$@"'
  const words = ['env', '-u', 'NODE_OPTIONS', process.execPath, join(packageRoot, 'bin/hvlab.mjs'), 'status']
  const { status, stderr } = spawnSync('sh', ['-c', command, 'sh', ...words], {
    cwd: lab.path,
    encoding: 'utf8',
  })
  t.same(
    [status, stderr],
    [
      1,
      'error: the folder in which hvlab was started does not exist any more\n  hint: go to one that does: `cd /the/lab`\n',
    ],
  )
})

t.test('a reader that goes away does not stop the run', async (t) => {
  const lab = new Lab(t)
  writeFileSync(join(lab.path, 'go'), '')
  const command = `cd "$1" && "$2" "$3" run site.yml --format jsonl | head -n 1`
  const { stdout } = tool('sh', [
    '-c',
    command,
    'sh',
    lab.path,
    process.execPath,
    join(packageRoot, 'bin/hvlab.mjs'),
  ])
  t.match(JSON.parse(stdout), { kind: 'run.started', pipeline: 'site' })
  t.same(lab.done(), ['first', 'long', 'last'])
})
