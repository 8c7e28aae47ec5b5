import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { openConnection } from '../../../src/connections/open.ts'
import { script } from '../../../src/modules/command/script.ts'
import { contextOn, drive } from '../../support/module-harness.ts'

t.test('script leaves nothing on the host', async (t) => {
  const folder = t.testdir({
    'show.sh': '#!/bin/sh\necho "$0"\nstat -c %a "$(dirname "$0")" "$0"\n',
    'wait.sh': '#!/bin/sh\ntrap "" TERM\necho "waiting in $0"\nsleep 60\n',
    'die.sh': '#!/bin/sh\necho "$0"\nkill -9 $$\n',
  })
  const connection = await openConnection({ kind: 'local', host: 'testhost', shellPath: '/bin/sh' })
  t.teardown(() => connection.close())
  const context = contextOn(connection, {})

  const shown = await drive(script, { _raw_params: join(folder, 'show.sh') }, context)
  const [place = '', ...modes] = String(shown.result.data?.['stdout']).split('\n')
  t.same(modes, ['700', '700', ''], 'nobody else can read it while it is there')
  t.notOk(existsSync(dirname(place)))
  const died = await drive(script, { _raw_params: join(folder, 'die.sh') }, context)
  t.equal(died.result.data?.['rc'], 137)
  t.notOk(existsSync(dirname(String(died.result.data?.['stdout']).trim())))

  const stop = new AbortController()
  let waiting = ''
  const run: typeof context.run = (command, query) =>
    connection.run(command, {
      ...(query?.cleanUp === true ? {} : { signal: stop.signal }),
      onOutput: (_, text) => {
        waiting += text
        if (/^waiting in .*\n/.test(waiting)) stop.abort()
      },
    })
  await t.rejects(drive(script, { _raw_params: join(folder, 'wait.sh') }, { ...context, run }), {
    name: 'FailureError',
  })
  t.match(waiting, /^waiting in \/tmp\/hvlab-/)
  t.notOk(existsSync(dirname(waiting.slice('waiting in '.length).trim())))
})
