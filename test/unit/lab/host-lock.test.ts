import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { lockHost, removeDeadLock } from '../../../src/lab/host/host-lock.ts'
import { deferred } from '../../../src/util/deferred.ts'
import { sleep } from '../../../src/util/sleep.ts'
import { must } from '../../support/tool.ts'
import { openLocalHost } from '../images/local-host.ts'

/** Several runs on one host, each with a connection of its own. */
async function runOf(test: Test, runId: string) {
  const local = await openLocalHost()
  test.teardown(() => local[Symbol.asyncDispose]())
  const notes: string[] = []
  const waits = deferred<void>()
  const context = {
    ...local,
    ...{ host: 'node1', check: false, runId },
    note: (_level: string, text: string) => {
      notes.push(text)
      waits.resolve()
    },
    progress: () => {},
  }
  return { context, notes, waits: waits.promise }
}

const me = `process ${process.pid} of ${userInfo().username} on ${hostname()}`

t.test('one run at a time changes guests of a host; the others say for whom they wait', async (test) => {
  const folder = join(test.testdir({}), 'run')
  const [first, second] = await Promise.all([runOf(test, 'one'), runOf(test, 'two')])
  const held = await lockHost(first.context, 'changes guests', folder)
  const [pid, start, , ...who] = readFileSync(join(folder, 'lock'), 'utf8').trim().split(' ')
  test.equal(pid, String(process.pid), 'the holder is what a connection ends with, not a shell below it')
  test.equal(start, must('sh', ['-c', `sed 's/.*) //' /proc/${process.pid}/stat | cut -d ' ' -f 20`]).trim())
  test.equal(who.join(' '), `one (${me}) changes guests`)

  let isOver = false
  const waiting = lockHost(second.context, 'changes guests', folder)
  await second.waits
  test.same(second.notes, [`the run one (${me}) changes guests on node1 now; waiting for it`])
  const after = waiting.then((lock) => {
    test.ok(isOver, 'not before')
    return lock
  })
  isOver = true
  await held[Symbol.asyncDispose]()
  const lock = await after
  test.match(readFileSync(join(folder, 'lock'), 'utf8'), `two (${me})`)
  await lock[Symbol.asyncDispose]()
  test.notOk(existsSync(folder), 'nothing stays')
})

t.test('a guard that somebody took away guards nothing', async (test) => {
  const folder = test.testdir({})
  const { context } = await runOf(test, 'late')
  // Another run releases its lock while this one waits for the guard, and a third comes and is about to write.
  const others = spawn(
    'sh',
    [
      '-c',
      `exec 9>guard; flock 9; echo held; read _; rm guard; exec 8>guard; flock 8; exec 9>&-; read _; echo $PPID x >lock; rm lock`,
    ],
    { cwd: folder, stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const ended = once(others, 'close')
  await once(others.stdout, 'data')
  const { ino } = statSync(join(folder, 'guard'))
  const waiting = lockHost(context, 'changes guests', folder)
  while (!new RegExp(`-> FLOCK .*:${ino} `).test(readFileSync('/proc/locks', 'utf8'))) await sleep(50)
  others.stdin.write('\n')
  await sleep(1500)
  test.notOk(existsSync(join(folder, 'lock')), 'not while the third has the guard that is there now')
  others.stdin.end('\n')
  await ended
  await using _held = await waiting
  test.match(readFileSync(join(folder, 'lock'), 'utf8'), 'late')
})

t.test('the lock of a run that is dead is taken over at once', async (test) => {
  const folder = test.testdir({})
  const { context, notes } = await runOf(test, 'next')
  const ended = must('sh', ['-c', 'echo $$']).trim()
  for (const lock of [
    `${ended} 12345 token died`,
    `${process.pid} 1 token an older process of that id`,
    '',
    'x',
  ]) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'lock'), `${lock}\n`)
    await using _held = await lockHost(context, 'changes guests', folder)
    test.match(readFileSync(join(folder, 'lock'), 'utf8'), `next (${me})`, lock)
  }
  test.same(notes, [])
})

t.test('what is left of a dead run goes, and of a living one stays', async (test) => {
  const folder = join(test.testdir({}), 'run')
  const { context } = await runOf(test, 'alive')
  const held = await lockHost(context, 'changes guests', folder)
  await context.run(removeDeadLock(folder))
  test.match(readFileSync(join(folder, 'lock'), 'utf8'), 'alive')
  writeFileSync(join(folder, 'lock'), `${process.pid} 1 token died\n`)
  await context.run(removeDeadLock(folder))
  test.notOk(existsSync(folder))
  await held[Symbol.asyncDispose]()
  await context.run(removeDeadLock(folder))
  test.notOk(existsSync(folder))
})

t.test('a lock that was taken over meanwhile is not taken away', async (test) => {
  const folder = test.testdir({})
  const { context } = await runOf(test, 'old')
  const held = await lockHost(context, 'changes guests', folder)
  writeFileSync(join(folder, 'lock'), `${process.pid} 1 other new\n`)
  await held[Symbol.asyncDispose]()
  test.ok(existsSync(join(folder, 'lock')))
})

t.test('no lock in check mode, and none where it cannot be', async (test) => {
  const folder = test.testdir({ file: 'x' })
  const { context } = await runOf(test, 'check')
  const unused = join(folder, 'unused')
  await using _check = await lockHost({ ...context, check: true }, 'changes guests', unused)
  test.notOk(existsSync(unused))
  await using _nowhere = await lockHost(context, 'changes guests', join(folder, 'file'))
  mkdirSync(unused)
  test.same(readFileSync(join(folder, 'file'), 'utf8'), 'x')
})
