import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import t from 'tap'
import {
  confinementWords,
  type MemoryLimit,
  memoryLimitCheck,
  memoryLimits,
  removeGroups,
} from '../../../src/bench/confinement.ts'
import { renderCommand, sh } from '../../../src/util/sh.ts'

const run = promisify(execFile)

/** Exit code, or the signal's number + 128, and what was printed. */
async function shell(text: string): Promise<{ code: number; stdout: string }> {
  try {
    return { code: 0, stdout: (await run('/bin/sh', ['-c', text])).stdout }
  } catch (error) {
    const { code, stdout } = error as { code: number; stdout: string }
    return { code, stdout }
  }
}

t.test('words before a workload', async (t) => {
  const words = (by: MemoryLimit | null) =>
    renderCommand(confinementWords({ cpus: [0, 2], memory: by === null ? null : { by, mib: 2900 } }))
  t.equal(words(null), 'taskset -c 0,2')
  t.equal(
    words('systemd-scope'),
    'systemd-run --quiet --scope --collect -p MemoryMax=3040870400 -p MemorySwapMax=0 -- taskset -c 0,2',
  )
  t.match(words('cgroup-v2'), /^sh -c '.*echo 3040870400 > memory\.max .*exec "\$@"' sh taskset -c 0,2$/)
  t.match(
    words('cgroup-v1'),
    /^sh -c '.*echo 3040870400 > memory\.limit_in_bytes .*exec "\$@"' sh taskset -c 0,2$/,
  )
})

t.test('a workload is held to its memory, by the way that works here', async (t) => {
  t.teardown(() => shell(renderCommand(removeGroups)))
  const mib = 64
  const working: MemoryLimit[] = []
  for (const by of memoryLimits)
    if ((await shell(renderCommand(memoryLimitCheck(by, mib)))).code === 0) working.push(by)
  const [by] = working
  if (by === undefined) {
    t.pass('NOT CHECKED: neither systemd nor a writable memory control group on this machine')
    return
  }
  t.comment(`limited by ${by}`)
  const confined = (command: ReturnType<typeof sh>) =>
    shell(`cd / && ${renderCommand(sh`${confinementWords({ cpus: [0], memory: { by, mib } })} ${command}`)}`)
  t.strictSame(
    await confined(sh`sh -c ${'pwd; nproc; exit 7'}`),
    { code: 7, stdout: '/\n1\n' },
    'its folder, CPUs and exit code',
  )
  const fits = sh`sh -c ${'head -c 8000000 /dev/zero | tail | wc -c'}`
  const tooMuch = sh`sh -c ${'head -c 200000000 /dev/zero | tail | wc -c'}`
  t.equal((await confined(fits)).stdout.trim(), '8000000', 'what fits runs')
  t.not((await confined(tooMuch)).stdout.trim(), '200000000', 'what does not fit is ended')
  const wider = confinementWords({ cpus: [0], memory: { by, mib: 512 } })
  t.equal(
    (await shell(renderCommand(sh`${wider} ${tooMuch}`))).stdout.trim(),
    '200000000',
    'a larger limit replaces a smaller one',
  )
  await shell(renderCommand(removeGroups))
  t.notOk(
    existsSync('/sys/fs/cgroup/hvlab-trial') || existsSync('/sys/fs/cgroup/memory/hvlab-trial'),
    'no group is left',
  )
})
