import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openConnection } from '../../../src/connections/open.ts'
import type { CommandResult } from '../../../src/model/command.ts'
import type { Vars } from '../../../src/model/value.ts'
import { fetch } from '../../../src/modules/files/fetch.ts'
import { renderCommand } from '../../../src/util/sh.ts'
import { contextOn, drive } from '../../support/module-harness.ts'

async function fetchHere(
  t: Test,
  params: Vars,
  {
    folder,
    host = 'web1',
    lie,
  }: { folder: string; host?: string; lie?: (answer: CommandResult) => CommandResult },
) {
  const connection = await openConnection({ kind: 'local', host: 'testhost', shellPath: '/bin/sh' })
  t.teardown(() => connection.close())
  const context = contextOn(connection, { folder })
  const run: typeof context.run = async (command) => {
    const answer = await connection.run(command)
    return lie !== undefined && renderCommand(command).includes('base64') ? lie(answer) : answer
  }
  return await drive(fetch, params, { ...context, host, run })
}

t.test('a path that a host names leads nowhere else', async (t) => {
  const folder = t.testdir({ src: 'x', lab: {} })
  const lab = join(folder, 'lab')
  const src = `${folder}/lab/../../${folder.split('/').at(-1)}/./src`
  await fetchHere(t, { src, dest: 'out' }, { folder: lab })
  t.equal(
    readFileSync(join(lab, 'out/web1', folder, 'src'), 'utf8'),
    'x',
    'relative to the pipeline, below the host',
  )
  await fetchHere(t, { src: `${'/..'.repeat(40)}${folder}/src`, dest: 'up/' }, { folder: lab })
  t.ok(existsSync(join(lab, 'up/web1', folder, 'src')))
  await fetchHere(t, { src: `${folder}/lab/../src`, dest: 'flat/', flat: true }, { folder: lab })
  t.same(readdirSync(join(lab, 'flat')), ['src'])
  for (const host of ['..', '.', 'a/../../b', ''])
    await t.rejects(fetchHere(t, { src, dest: 'out' }, { folder: lab, host }), {
      message: `"${host}" cannot be the name of a folder`,
    })
  t.same(readdirSync(folder).sort(), ['lab', 'src'])
  t.same(readdirSync(lab).sort(), ['flat', 'out', 'up'])
})

t.test('large files, links, and hosts that lie', async (t) => {
  const folder = t.testdir({})
  const content = Buffer.alloc(13 * 1024 * 1024, 'hvlab\0\n\xff')
  writeFileSync(join(folder, 'large'), content)
  const large = { src: `${folder}/large`, dest: 'got/large', flat: true }
  await fetchHere(t, large, { folder })
  t.ok(readFileSync(join(folder, 'got/large')).equals(content), 'in pieces')

  mkdirSync(join(folder, 'other'))
  writeFileSync(join(folder, 'kept'), 'old', { mode: 0o600 })
  symlinkSync('../kept', join(folder, 'other/large'))
  await fetchHere(t, { ...large, dest: 'other/large' }, { folder })
  t.equal(readFileSync(join(folder, 'kept'), 'utf8'), 'old', 'a link is replaced, and what it leads to stays')
  t.equal(statSync(join(folder, 'other/large')).mode & 0o777, 0o600)

  writeFileSync(join(folder, 'small'), 'small')
  writeFileSync(join(folder, 'here'), 'here')
  const small = { src: `${folder}/small`, dest: 'here', flat: true }
  const said = (text: string) => (answer: CommandResult) => ({
    ...answer,
    stdout: Buffer.from(text).toString('base64'),
  })
  await t.rejects(fetchHere(t, small, { folder, lie: said('SMALL') }), {
    message: /^what came of .* has the SHA-1/,
  })
  await t.rejects(fetchHere(t, small, { folder, lie: said('more than was said') }), {
    message: /could not be read to its end$/,
  })
  t.equal(readFileSync(join(folder, 'here'), 'utf8'), 'here', 'the old file stays')
  await fetchHere(t, { ...small, validate_checksum: false }, { folder, lie: said('SMALL') })
  t.equal(readFileSync(join(folder, 'here'), 'utf8'), 'SMALL')
  await t.rejects(fetchHere(t, { ...small, dest: 'here/below' }, { folder }), {
    message: /^on the controller: cannot \w+ .*\/here\/?.*: a part of the path is no folder$/,
  })
  t.same(
    [...readdirSync(folder), ...readdirSync(join(folder, 'got'))].filter((name) => name.includes('hvlab')),
    [],
    'no temporary file is left',
  )
})
