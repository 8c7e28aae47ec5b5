import { join } from 'node:path'
import t from 'tap'
import { bridgesFolder, knownBridges } from '../../../src/bridges/record.ts'
import { renderCommand } from '../../../src/util/sh.ts'
import { must } from '../../support/tool.ts'

const whole = { lab: 'hvlab', bridge: 'br0', card: 'eth0', service: 'netplan' }
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const read = (...lines: string[]) =>
  knownBridges.parse({ exitCode: 0, stdout: `\n@@bridges\n${lines.join('\n')}\n`, stderr: '' })

t.test('bridges as a host tells them', async (t) => {
  t.strictSame(read(`br0 ${base64(JSON.stringify(whole))} made same eth0 vnet3 `), [
    { ...whole, state: 'made', unchanged: true, otherPorts: ['vnet3'] },
  ])
  t.strictSame(read(), [])
})

t.test('a record that cannot be read is a bridge, after the others', async (t) => {
  for (const [what, json] of [
    ['cut', '{"lab":"hvl'],
    ['empty', ''],
    ['of another bridge', JSON.stringify({ ...whole, bridge: 'br1' })],
    ['no record', '[]'],
  ] as const)
    t.match(
      read(
        `br0 ${base64(json)} made same eth0 `,
        `br2 ${base64(JSON.stringify({ ...whole, bridge: 'br2' }))} undone other`,
      ),
      [
        { bridge: 'br2', state: 'undone', unchanged: false },
        { bridge: 'br0', state: 'unreadable', unchanged: false },
      ],
      what,
    )
})

t.test('folders as they are on a host: one without its record is a bridge that cannot be read', async (t) => {
  const home = t.testdir({
    some: {
      br0: { 'record.json': JSON.stringify(whole), made: '', sums: '' },
      br1: { made: '', 'to-card': '', sums: '' },
      'not-a-folder': '',
    },
    none: {},
  })
  const command = renderCommand(knownBridges.command())
  const bridgesIn = (folder: string) =>
    knownBridges.parse({
      exitCode: 0,
      stdout: must('sh', ['-c', command.replaceAll(bridgesFolder, folder)]),
      stderr: '',
    })
  t.match(bridgesIn(join(home, 'some')), [
    { bridge: 'br0', state: 'made', lab: 'hvlab' },
    { bridge: 'br1', state: 'unreadable', lab: '' },
  ])
  t.strictSame(bridgesIn(join(home, 'none')), [], 'an empty folder')
  t.strictSame(bridgesIn('/nowhere'), [], 'no folder')
})
