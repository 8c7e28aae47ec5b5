import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { bridgesFolder } from '../../../src/bridges/record.ts'
import { answers, confirmSwitch, type Direction, startSwitch } from '../../../src/bridges/switch-script.ts'
import { renderCommand } from '../../../src/util/sh.ts'
import { must, tool } from '../../support/tool.ts'

const record = { lab: 'hvlab', bridge: 'br0', card: 'eth0', service: 'netplan' }

/** Scripts for a folder of the test's own, on a host without systemd, whatever this machine has. */
function startIn(home: string, direction: Direction, limitS: number): string {
  return renderCommand(startSwitch(record, direction, limitS))
    .replaceAll(bridgesFolder, join(home, 'bridges'))
    .replaceAll('/run/systemd/system', join(home, 'none'))
}

function withFake(home: string, setsid: string): string {
  writeFileSync(join(home, 'bin', 'setsid'), setsid, { mode: 0o755 })
  return `PATH=${join(home, 'bin')}:${process.env['PATH']}`
}

t.test('a switch whose process cannot be started changes nothing: the bridge is what it was', async (t) => {
  const cases: [Direction, string][] = [
    ['to-card', 'made'],
    ['to-bridge', 'undone'],
  ]
  for (const [direction, left] of cases) {
    const home = t.testdir({ bridges: { br0: { [left]: '' } }, bin: {} })
    const path = withFake(home, '#!/bin/sh\nexit 1\n')
    t.equal(tool('env', [path, 'sh', '-c', startIn(home, direction, 60)]).status, 1, direction)
    const tokens = readdirSync(join(home, 'bridges', 'br0')).filter((name) =>
      /^(?:armed|made|und)/.test(name),
    )
    t.strictSame(tokens, [left], direction)
  }
})

t.test(
  'a program that does not end with the way is no hindrance to the way back; what was seen is told',
  async (t) => {
    const stubborn =
      '#!/bin/sh\necho going\nsh -c "trap \'\' TERM; echo \\$\\$ >stubborn; while :; do sleep 100; done"\n'
    const home = t.testdir({
      bridges: {
        br0: {
          'to-bridge': stubborn,
          'to-card':
            '#!/bin/sh\necho back\n! grep -q . "/proc/$(cat stubborn)/cmdline" 2>/dev/null && echo alone\n',
        },
      },
      bin: {},
    })
    // The watch is started by hand below.
    const path = withFake(home, '#!/bin/sh\nexit 0\n')
    must('env', [path, 'sh', '-c', startIn(home, 'to-bridge', 1)])
    const folder = join(home, 'bridges', 'br0')
    must('env', [path, 'sh', join(folder, 'watch')])
    const why = 'the change itself failed, or took more than 1 seconds\n'
    t.equal(readFileSync(join(folder, 'log'), 'utf8'), `going\n${why}back\nalone\n`)
    const told = tool('sh', [
      '-c',
      renderCommand(confirmSwitch(record, 'to-bridge')).replaceAll(bridgesFolder, join(home, 'bridges')),
    ])
    t.equal(told.status, answers.undone)
    t.equal(told.stdout, `${why}going\nback\nalone\n`)
  },
)
