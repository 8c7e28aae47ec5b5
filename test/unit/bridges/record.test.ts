import t from 'tap'
import { knownBridges } from '../../../src/bridges/record.ts'

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
