import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { CloudImage } from '../../../src/images/image.ts'
import { locatedInImage } from '../../../src/images/layer/package-location.ts'
import { FailureError } from '../../../src/model/failure.ts'
import { must } from '../../support/tool.ts'
import { openLocalHost } from './local-host.ts'

t.test('what apt does not have, at its place in image.yml', async (t) => {
  const folder = t.testdir({ 'image.yml': 'packages:\n  - fio\n  - sysbnech=1.0\n' })
  const logs = join(folder, 'logs.tar.gz')
  mkdirSync(join(folder, 'run/hvlab'), { recursive: true })
  writeFileSync(join(folder, 'run/hvlab/package-names'), 'fio\n\u001b[31msysbnecx\nsysbench\n')
  must('tar', ['-C', folder, '-czf', logs, 'run/hvlab/package-names'])
  const image = { folder, file: { packages: ['fio', 'sysbnech=1.0'] } } as unknown as CloudImage
  await using host = await openLocalHost()
  const located = (said: string, archive = logs, code = 'installer-package-unknown') => {
    const failure = {
      reason: 'module',
      code,
      message: `the layer …: ${said}`,
      hint: 'See image.yml.',
    } as const
    return locatedInImage(new FailureError(failure), image, host, archive)
  }
  const location = { file: join(folder, 'image.yml'), line: 3, column: 5 }
  const hint = 'did you mean "sysbench"?'
  t.match(await located('E: Unable to locate package sysbnech'), { failure: { location, hint } })
  t.match(await located("E: Version '1.0' for 'sysbnech' was not found"), { failure: { location } })
  t.match(await located("E: Package 'fio' has no installation candidate"), {
    failure: { location: { ...location, line: 2 } },
  })
  t.match(
    await located('E: Unable to locate package sysbnech', join(folder, 'none')),
    { failure: { location, hint: 'See image.yml.' } },
    'the machine sent no logs',
  )
  t.equal(
    ((await located('E: Unable to locate package sysbnech-data')) as FailureError).failure.location,
    undefined,
    'image.yml does not name it',
  )
  const other = await located('E: Unable to locate package fio', logs, 'installer-step-failed')
  t.equal((other as FailureError).failure.location, undefined, 'another failure')
})
