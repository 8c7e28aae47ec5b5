import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openConnection } from '../../../src/connections/open.ts'
import type { Command } from '../../../src/model/command.ts'
import type { Vars } from '../../../src/model/value.ts'
import { uri } from '../../../src/modules/web/uri.ts'
import { renderCommand } from '../../../src/util/sh.ts'
import { contextOn, drive } from '../../support/module-harness.ts'
import { missingPrograms } from '../../support/requirements.ts'
import { webServer } from '../../support/web-server.ts'

const { url: server, close } = await webServer()
t.teardown(close)

/** Folders that requests made on the host; other tests make some of their own meanwhile. */
const made = new Set<string>()
const skip = missingPrograms(['curl', 'wget'])

/** Asks from this machine. `path` is the PATH that the host has. */
async function ask(t: Test, params: Vars, options: { path?: string; check?: boolean } = {}) {
  const connection = await openConnection({ kind: 'local', host: 'testhost', shellPath: '/bin/sh' })
  t.teardown(() => connection.close())
  const context = contextOn(connection, { check: options.check ?? false })
  const commands: Command[] = []
  const run: typeof context.run = (command) => {
    commands.push(command)
    for (const [folder] of renderCommand(command).matchAll(/\/tmp\/hvlab-[0-9a-f]{24}/g)) made.add(folder)
    return connection.run(options.path === undefined ? command : { ...command, env: { PATH: options.path } })
  }
  const fact: typeof context.fact = async (asked, ...args) =>
    asked.parse(await run(asked.command(...args)), ...args)
  const { result, changes } = await drive(uri, params, { ...context, run, fact })
  return { result, changes, commands, said: context.said }
}

/** A host that has only some programs. */
function pathWith(t: Test, programs: readonly string[]): string {
  const folder = t.testdir({})
  mkdirSync(join(folder, 'bin'))
  const usual = ['sh', 'mkdir', 'rm', 'cat', 'dd', 'base64', 'tr', 'wc', 'tail', 'sed', 'grep']
  for (const name of [...usual, ...programs]) symlinkSync(`/usr/bin/${name}`, join(folder, 'bin', name))
  return join(folder, 'bin')
}

t.test('secrets are in no argument, and in no result', { skip }, async (t) => {
  const { result, commands } = await ask(t, {
    url: `${server}/secret`.replace('//', '//me:in-the-url@'),
    headers: { Authorization: 'Bearer header-secret', 'X-Extra': 'plain' },
    body: { password: 'body-secret' },
    body_format: 'json',
    method: 'POST',
    return_content: true,
  })
  t.match(result.data, {
    status: 200,
    url: `${server}/secret`,
    json: { user: 'Bearer header-secret', extra: 'plain' },
  })
  for (const command of commands) t.notMatch(renderCommand(command), /in-the-url|header-secret|body-secret/)
  t.same(
    commands.flatMap(({ masks }) => masks ?? []),
    ['Bearer header-secret', 'header-secret', 'in-the-url'],
  )
})

t.test('what a server says is not believed', { skip }, async (t) => {
  const headers = await ask(t, { url: `${server}/headers` })
  t.match(headers.result.data, { x_two: '1, 2', status: 200 })
  t.notOk(
    Object.hasOwn(headers.result.data ?? {}, 'failed') || Object.hasOwn(headers.result.data ?? {}, 'changed'),
  )

  const silent = await ask(t, { url: `${server}/silent`, timeout: 1, status_code: -1 })
  t.match(silent.result.data, { status: -1, msg: /^Request failed: curl: \(28\)/ })
  const round = await ask(t, { url: `${server}/round` })
  t.equal(round.result.data?.['status'], -1)
  t.match(
    round.result.failed?.message,
    /^http.*\/round: Status code was -1 and not \[200\]: Request failed: curl: \(47\)/,
  )

  const large = await ask(t, { url: `${server}/large` })
  t.notOk(large.result.data?.['json'])
  t.same(large.said, [`uri: what ${server}/large sends is larger than 8 MiB: it is not read as JSON`])
  await t.rejects(ask(t, { url: `${server}/large`, return_content: true }), {
    message: `what ${server}/large sends is larger than 8 MiB`,
  })
  const folder = t.testdir({})
  const written = await ask(t, { url: `${server}/large?x=../../y`, dest: folder })
  t.same(
    written.changes.map(({ summary }) => summary),
    [`create ${folder}/large`],
  )
  t.equal(readFileSync(join(folder, 'large')).length, 9 * 1024 * 1024 + 2)
})

t.test('check runs, and what is there already', { skip }, async (t) => {
  const folder = t.testdir({ out: 'old' })
  const post = await ask(t, { url: `${server}/echo`, method: 'POST' }, { check: true })
  t.match(post.result, { skipped: 'a check run sends no POST' })
  t.equal(post.commands.length, 0)
  const shown = await ask(t, { url: `${server}/text`, dest: `${folder}/out`, mode: '0600' }, { check: true })
  t.same(
    shown.changes.map(({ summary }) => summary),
    [`change ${folder}/out`],
  )
  t.equal(readFileSync(join(folder, 'out'), 'utf8'), 'old')
  writeFileSync(join(folder, 'out'), Buffer.from('gr\xfc\xdfe\n', 'latin1'))
  const mode = await ask(t, { url: `${server}/text`, dest: `${folder}/out`, mode: '0600' })
  t.same(
    mode.changes.map(({ summary }) => summary),
    [`set mode 0600 of ${folder}/out`],
  )
  const same = await ask(t, { url: `${server}/text`, dest: `${folder}/out`, mode: '0600' })
  t.equal(same.result.why, `${folder}/out has what ${server}/text gives`)
})

t.test('hosts that have wget only, or nothing', { skip }, async (t) => {
  const path = pathWith(t, ['wget'])
  const moved = await ask(t, { url: `${server}/moved` }, { path })
  t.match(moved.result.data, {
    status: 200,
    redirected: true,
    url: `${server}/echo?moved`,
    json: { method: 'GET' },
  })
  const missing = await ask(
    t,
    { url: `${server}/missing`, return_content: true, status_code: [404] },
    { path },
  )
  t.match(missing.result.data, { status: 404, content: '<p>nothing</p>', msg: 'HTTP Error 404: Not Found' })
  const stays = await ask(
    t,
    { url: `${server}/away`, follow_redirects: 'none', status_code: [301] },
    { path },
  )
  t.match(stays.result.data, { status: 301, location: `${server}/echo` })
  const nobody = await ask(t, { url: 'http://127.0.0.1:1/' }, { path })
  t.match(nobody.result.data, { status: -1, msg: /Request failed: .*refused/ })
  await t.rejects(ask(t, { url: server, headers: { a: 'b' } }, { path }), {
    message: 'testhost has no curl, which more than a plain GET needs',
  })
  await t.rejects(ask(t, { url: server }, { path: pathWith(t, []) }), {
    message: 'testhost has neither curl nor wget',
  })
})

t.test('nothing is left on the host', { skip }, async (t) => {
  t.ok(made.size > 10)
  t.same([...made].filter(existsSync), [])
})
