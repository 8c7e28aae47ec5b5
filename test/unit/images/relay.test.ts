import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Link } from '../../../src/images/relay/link.ts'
import { admit, dismiss, dismissAll, hasRelayKeys, isPlain } from '../../../src/images/relay/relay-key.ts'
import { type Job, Swarm } from '../../../src/images/relay/swarm.ts'
import type { HostAccess } from '../../../src/model/host-access.ts'
import { sh } from '../../../src/util/sh.ts'
import { must } from '../../support/tool.ts'
import { openLocalHost } from './local-host.ts'

const local = await openLocalHost()
t.teardown(() => local[Symbol.asyncDispose]())

/** Hosts that get `pieces` from each other; what the controller sent, and who passed what on. */
async function spread(
  pieces: number,
  hosts: readonly string[],
  canReach: (from: string, to: string) => boolean = () => true,
): Promise<{ sent: number[]; passed: Job[] }> {
  const swarm = new Swarm()
  const sent: number[] = []
  const passed: Job[] = []
  const all = Array.from({ length: pieces }, (_, index) => index)
  const work = async (name: string): Promise<void> => {
    for (;;) {
      const job = await swarm.next(name)
      if (job === undefined) return
      await new Promise(setImmediate)
      if (job.from === undefined) sent.push(job.piece)
      else if (canReach(job.from, name)) passed.push(job)
      else {
        swarm.end(name, job, 'unusable')
        continue
      }
      swarm.end(name, job, 'arrived')
    }
  }
  for (const name of hosts) swarm.join(name, [], all)
  await Promise.all(hosts.flatMap((name) => [work(name), work(name)]))
  return { sent, passed }
}

t.test('each piece leaves the controller once; hosts pass it on', async (test) => {
  const { sent, passed } = await spread(40, ['a', 'b', 'c', 'd'])
  test.same(
    [...sent].sort((a, b) => a - b),
    Array.from({ length: 40 }, (_, index) => index),
  )
  test.equal(passed.length, 120)
  test.ok(new Set(passed.map(({ from }) => from)).size > 1, 'not one host alone')
})

t.test('one host gets all from the controller', async (test) => {
  const { sent, passed } = await spread(10, ['a'])
  test.equal(sent.length, 10)
  test.same(passed, [])
})

t.test('hosts that cannot reach each other get all from the controller', async (test) => {
  const { sent, passed } = await spread(10, ['a', 'b', 'c'], () => false)
  test.equal(sent.length, 30)
  test.same(passed, [])
})

t.test('a host behind another network does without the others', async (test) => {
  const { sent, passed } = await spread(20, ['a', 'b', 'c'], (from, to) => from !== 'c' && to !== 'c')
  test.equal(sent.length + passed.length, 60)
  test.ok(sent.length >= 40 && sent.length < 60, `${sent.length} sent`)
})

t.test('a host goes on with the one where it is logged in', async (test) => {
  const swarm = new Swarm()
  swarm.join('b', [0, 1], [])
  swarm.join('c', [0, 1], [])
  swarm.join('new', [], [0, 1])
  const first = { piece: 0, from: 'b' }
  test.same(await swarm.next('new'), first)
  swarm.end('new', first, 'arrived')
  swarm.join('other', [], [0, 1])
  test.same(await swarm.next('other'), { piece: 0, from: 'b' })
  test.same(await swarm.next('new'), { piece: 1, from: 'b' }, 'although c has less to do')
})

t.test('what nobody has comes first, so that the uplink is never idle', async (test) => {
  const swarm = new Swarm()
  swarm.join('half', [0], [1, 2, 3, 4])
  swarm.join('new', [], [0, 1, 2, 3, 4])
  test.same(await swarm.next('new'), { piece: 1 })
  test.same(await swarm.next('half'), { piece: 2 })
  test.same(await swarm.next('new'), { piece: 3 })
  test.same(await swarm.next('new'), { piece: 0, from: 'half' }, 'the controller sends as many as it may')
})

t.test('a host that has the disk passes it on; one that leaves does not', async (test) => {
  const swarm = new Swarm()
  swarm.join('full', [0, 1], [])
  swarm.join('new', [], [0, 1])
  test.same(await swarm.next('new'), { piece: 0, from: 'full' })
  swarm.leave('full')
  test.same(await swarm.next('new'), { piece: 1 })
  test.equal(await swarm.next('new'), undefined, 'the rest is under way')
  swarm.end('new', { piece: 1 }, 'failed')
  test.same(await swarm.next('new'), { piece: 1 }, 'what failed is to do again')
})

const places = {
  partial: '/var/lib/hvlab/images/.k.push',
  final: '/var/lib/hvlab/images/k',
}

/** A home on this machine. */
function home(test: Test): { host: HostAccess; keys: string } {
  const folder = test.testdir({})
  return {
    host: { ...local, run: (command, options) => local.run({ ...command, env: { HOME: folder } }, options) },
    keys: join(folder, '.ssh/authorized_keys'),
  }
}

t.test('the key may ask for pieces, and is gone afterwards', async (test) => {
  const { host, keys } = home(test)
  mkdirSync(join(keys, '..'), { mode: 0o700 })
  const hers = 'ssh-ed25519 AAAAhers her key, hvlab-relay:x\nssh-ed25519 AAAAlast last'
  const now = Math.floor(Date.now() / 1000)
  writeFileSync(
    keys,
    `restrict ssh-ed25519 AAAAold hvlab-relay:${now - 7 * 3600}\nrestrict ssh-ed25519 AAAAother hvlab-relay:${now - 60}\n${hers}`,
  )
  const hostKeys = await admit(host, 'ssh-ed25519 AAAAours', places, 16)
  if (!existsSync('/etc/ssh/ssh_host_ed25519_key.pub')) test.equal(hostKeys, undefined)
  else test.match(hostKeys?.join('\n'), /^ssh-ed25519 [A-Za-z0-9+/]+$/m)
  test.equal(statSync(keys).mode & 0o777, 0o600)
  const lines = readFileSync(keys, 'utf8').split('\n')
  test.same(lines.slice(0, 3), [
    `restrict ssh-ed25519 AAAAother hvlab-relay:${now - 60}`,
    'ssh-ed25519 AAAAhers her key, hvlab-relay:x',
    'ssh-ed25519 AAAAlast last',
  ])
  const [, until = '', command = '', rest] =
    /^restrict,expiry-time="(\d{12})",command="([^"]*)" (.*)$/.exec(lines[3] ?? '') ?? []
  test.match(until, /^20\d{10}$/)
  test.match(rest, /^ssh-ed25519 AAAAours hvlab-relay:\d+$/)

  await test.test('what it runs', async (test) => {
    const folder = test.testdir({ partial: { compressed: { 'vmlinuz-0': 'as it came' } } })
    const [partial, final] = [join(folder, 'partial'), join(folder, 'final')]
    const bytes = Buffer.alloc(33 * 2 ** 20, 'piece')
    writeFileSync(join(partial, 'image.qcow2'), bytes)
    const run = (asked: string, unpack = 'zstd -dcq 2>/dev/null') =>
      must('sh', [
        '-c',
        `SSH_ORIGINAL_COMMAND=$1 sh -c "$2" 2>/dev/null | ${unpack} | sha256sum`,
        'sh',
        asked,
        command.replace(places.partial, partial).replace(places.final, final),
      ])
    const digest = (part: Buffer | string) => must('sha256sum', [], part.toString('latin1'))
    test.equal(run('image.qcow2-2'), digest(bytes.subarray(32 * 2 ** 20)))
    test.equal(run('vmlinuz-0', 'cat'), digest('as it came'))
    const nothing = digest('')
    for (const asked of ['', '2', '1; id', '$(id)', 'image.qcow2', 'image.qcow2--1', 'image.qcow2-0x1'])
      test.equal(run(asked), nothing, JSON.stringify(asked))
    for (const asked of ['manifest.json-0', '../image.qcow2-0', '*-0', 'image.qcow2-9', 'vmlinuz-$(id)'])
      test.equal(run(asked), nothing, JSON.stringify(asked))
    renameSync(partial, final)
    test.equal(run('image.qcow2-0'), digest(bytes.subarray(0, 16 * 2 ** 20)), 'after it was published')
  })

  await dismiss(host, 'ssh-ed25519 AAAAours')
  test.equal(
    readFileSync(keys, 'utf8'),
    `restrict ssh-ed25519 AAAAother hvlab-relay:${now - 60}\n${hers}\n`,
    'only ours',
  )
})

t.test('down takes away what killed runs left', async (test) => {
  const { host, keys } = home(test)
  const isThere = async () => (await host.run(hasRelayKeys())).exitCode === 0
  test.notOk(await isThere())
  await admit(host, 'ssh-ed25519 AAAAours', places, 16)
  writeFileSync(keys, `${readFileSync(keys, 'utf8')}ssh-ed25519 AAAAhers hvlab-relay:me\n`)
  test.ok(await isThere())
  await host.run(dismissAll())
  test.equal(readFileSync(keys, 'utf8'), 'ssh-ed25519 AAAAhers hvlab-relay:me\n')
  test.notOk(await isThere())
})

t.test('a host without keys has none afterwards', async (test) => {
  const { host, keys } = home(test)
  await admit(host, 'ssh-ed25519 AAAAours', places, 16)
  await dismiss(host, 'ssh-ed25519 AAAAours')
  test.equal(readFileSync(keys, 'utf8'), '')
})

t.test('two pieces at once from one host: one login', async (test) => {
  let logins = 0
  const host: HostAccess = {
    ...local,
    run: () => {
      logins += 1
      return local.run(sh`:`)
    },
  }
  const source = { login: { address: '192.0.2.7', port: 22, user: 'root' }, hostKeys: ['ssh-ed25519 AAAA'] }
  const link = new Link({ host, folder: '/f', sockets: 'relay-0', name: '0' }, source, 'a key')
  test.same(await Promise.all([link.open(), link.open()]), [true, true])
  test.ok(await link.open())
  test.equal(logins, 1)
})

t.test('paths that would need quoting are not passed on', async (test) => {
  test.ok(isPlain(places))
  for (const odd of ['/a b', '/a"b', "/a'b", '/a$b', '/ä'])
    test.notOk(isPlain({ ...places, final: odd }), odd)
})
