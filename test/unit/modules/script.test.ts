import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openConnection } from '../../../src/connections/open.ts'
import { script } from '../../../src/modules/command/script.ts'
import { contextOn, drive } from '../../support/module-harness.ts'

const places = (): string[] => readdirSync('/tmp').filter((name) => /^hvlab-[0-9a-f]{24}$/.test(name))

t.test('script leaves nothing on the host', async (t) => {
  const before = places()
  const folder = t.testdir({
    'show.sh': '#!/bin/sh\nstat -c %a "$(dirname "$0")" "$0"\n',
    'wait.sh': '#!/bin/sh\ntrap "" TERM\necho waiting\nsleep 60\n',
    'die.sh': '#!/bin/sh\nkill -9 $$\n',
  })
  const connection = await openConnection({ kind: 'local', host: 'testhost', shellPath: '/bin/sh' })
  t.teardown(() => connection.close())
  const context = contextOn(connection, {})

  const shown = await drive(script, { _raw_params: join(folder, 'show.sh') }, context)
  t.equal(shown.result.data?.['stdout'], '700\n700\n', 'nobody else can read it while it is there')
  const died = await drive(script, { _raw_params: join(folder, 'die.sh') }, context)
  t.equal(died.result.data?.['rc'], 137)

  const stop = new AbortController()
  const run: typeof context.run = (command, query) =>
    connection.run(command, {
      ...(query?.cleanUp === true ? {} : { signal: stop.signal }),
      onOutput: (_, text) => {
        if (text.includes('waiting')) stop.abort()
      },
    })
  await t.rejects(drive(script, { _raw_params: join(folder, 'wait.sh') }, { ...context, run }), {
    name: 'FailureError',
  })
  t.same(places(), before)
})
