import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openConnection } from '../../../src/connections/open.ts'
import { FailureError } from '../../../src/model/failure.ts'
import type { Vars } from '../../../src/model/value.ts'
import { findModule } from '../../../src/modules/registry.ts'
import { renderCommand } from '../../../src/util/sh.ts'
import { contextOn, type Driven, drive } from '../../support/module-harness.ts'

/** A task whose second run must change nothing, and whose check run must foretell the first. */
interface Step {
  readonly module: string
  readonly params: (root: string) => Vars
  /** Lines of what must be so afterwards. */
  readonly after?: (root: string) => unknown
  readonly want?: unknown
  /** The summaries, with the folder written as /R. */
  readonly changes: readonly string[]
}

const text = (path: string): string => readFileSync(path, 'utf8')
const bits = (path: string): string => (statSync(path).mode & 0o7777).toString(8)

const steps: readonly Step[] = [
  {
    module: 'file',
    params: (root) => ({ path: `${root}/a/b`, state: 'directory', mode: '2750' }),
    changes: ['create folder /R/a/b'],
    after: (root) => [bits(`${root}/a`), bits(`${root}/a/b`)],
    want: ['2750', '2750'],
  },
  {
    module: 'file',
    params: (root) => ({ path: `${root}/a/b`, state: 'directory', mode: 'u=rwx,g=rx,o=,g-s' }),
    changes: ['set mode 0750 of /R/a/b'],
    after: (root) => bits(`${root}/a/b`),
    want: '750',
  },
  {
    module: 'copy',
    params: (root) => ({ content: 'one\ntwo\n', dest: `${root}/a/it's "$HOME".txt`, mode: '0640' }),
    changes: [`create /R/a/it's "$HOME".txt`],
    after: (root) => [text(`${root}/a/it's "$HOME".txt`), bits(`${root}/a/it's "$HOME".txt`)],
    want: ['one\ntwo\n', '640'],
  },
  {
    module: 'copy',
    params: (root) => ({ content: 'three\n', dest: `${root}/a/it's "$HOME".txt` }),
    changes: [`change /R/a/it's "$HOME".txt`],
    after: (root) => [text(`${root}/a/it's "$HOME".txt`), bits(`${root}/a/it's "$HOME".txt`)],
    want: ['three\n', '640'],
  },
  {
    module: 'copy',
    params: (root) => ({ src: `${root}/src/binary`, dest: `${root}/a/`, mode: 'preserve' }),
    changes: ['create /R/a/binary'],
    after: (root) => [
      readFileSync(`${root}/a/binary`).equals(readFileSync(`${root}/src/binary`)),
      bits(`${root}/a/binary`),
    ],
    want: [true, '751'],
  },
  {
    module: 'copy',
    params: (root) => ({ src: `${root}/src`, dest: `${root}/tree`, directory_mode: '0700' }),
    changes: [
      'create folder /R/tree/src',
      'create /R/tree/src/binary',
      'create folder /R/tree/src/deep',
      'create /R/tree/src/deep/empty',
      'create /R/tree/src/t.j2',
    ],
    after: (root) => [bits(`${root}/tree/src/deep`), text(`${root}/tree/src/deep/empty`)],
    want: ['700', ''],
  },
  {
    module: 'copy',
    params: (root) => ({ src: `${root}/a/binary`, dest: `${root}/a/binary2`, remote_src: true }),
    changes: ['create /R/a/binary2'],
    after: (root) => [readFileSync(`${root}/a/binary2`).length, bits(`${root}/a/binary2`)],
    want: [300_000, '644'],
  },
  {
    module: 'template',
    params: (root) => ({ src: `${root}/src/t.j2`, dest: `${root}/a/conf`, validate: 'grep -q answer %s' }),
    changes: ['create /R/a/conf'],
    after: (root) => text(`${root}/a/conf`),
    want: '# Ansible managed\nanswer=42\n- a\n- b\n',
  },
  {
    module: 'template',
    params: (root) => ({ src: `${root}/headed.j2`, dest: `${root}/a/headed` }),
    changes: ['create /R/a/headed'],
    after: (root) => text(`${root}/a/headed`),
    want: '\nyes\n\n',
  },
  {
    module: 'lineinfile',
    params: (root) => ({ path: `${root}/a/conf`, regexp: '^answer=', line: 'answer=43', backup: 'yes' }),
    changes: ['back up /R/a/conf', 'change /R/a/conf'],
    after: (root) => text(`${root}/a/conf`),
    want: '# Ansible managed\nanswer=43\n- a\n- b\n',
  },
  {
    module: 'lineinfile',
    params: (root) => ({ path: `${root}/a/link-to-conf`, line: '- c', insertafter: '^- a' }),
    changes: ['change /R/a/conf'],
    after: (root) => text(`${root}/a/link-to-conf`),
    want: '# Ansible managed\nanswer=43\n- a\n- c\n- b\n',
  },
  {
    module: 'lineinfile',
    params: (root) => ({ path: `${root}/a/made`, line: 'x', create: true, mode: '0600' }),
    changes: ['create /R/a/made'],
    after: (root) => [text(`${root}/a/made`), bits(`${root}/a/made`)],
    want: ['x\n', '600'],
  },
  {
    module: 'blockinfile',
    params: (root) => ({ path: `${root}/a/made`, block: 'b1\nb2', insertbefore: '^x' }),
    changes: ['change /R/a/made'],
    after: (root) => text(`${root}/a/made`),
    want: '# BEGIN ANSIBLE MANAGED BLOCK\nb1\nb2\n# END ANSIBLE MANAGED BLOCK\nx\n',
  },
  {
    module: 'file',
    params: (root) => ({ path: `${root}/a/sym`, src: 'made', state: 'link' }),
    changes: ['link /R/a/sym to made'],
    after: (root) => text(`${root}/a/sym`).length > 0,
    want: true,
  },
  {
    module: 'file',
    params: (root) => ({ path: `${root}/a/hard`, src: `${root}/a/made`, state: 'hard' }),
    changes: ['hard-link /R/a/hard to /R/a/made'],
    after: (root) => statSync(`${root}/a/hard`).ino === statSync(`${root}/a/made`).ino,
    want: true,
  },
  {
    module: 'file',
    params: (root) => ({
      path: `${root}/a/touched`,
      state: 'touch',
      mode: '0604',
      modification_time: 'preserve',
      access_time: 'preserve',
    }),
    changes: ['create empty file /R/a/touched'],
    after: (root) => [text(`${root}/a/touched`), bits(`${root}/a/touched`)],
    want: ['', '604'],
  },
  {
    module: 'file',
    params: (root) => ({ path: `${root}/tree`, state: 'directory', recurse: true, mode: 'u=rwX,go=' }),
    changes: ['set mode 0700 of /R/tree', 'set mode 0600 of 3 paths in /R/tree'],
    after: (root) => [bits(`${root}/tree/src/deep`), bits(`${root}/tree/src/deep/empty`)],
    want: ['700', '600'],
  },
  {
    module: 'file',
    params: (root) => ({ path: `${root}/tree`, state: 'absent' }),
    changes: ['remove folder /R/tree'],
  },
  {
    module: 'command',
    params: (root) => ({ _raw_params: 'touch "by command"', creates: 'by*', chdir: `${root}/a` }),
    changes: ['run touch by command'],
    after: (root) => text(`${root}/a/by command`),
    want: '',
  },
  {
    module: 'shell',
    params: (root) => ({ cmd: 'echo "$0" > out; exit 0', chdir: `${root}/a`, creates: 'out' }),
    changes: ['run echo "$0" > out; exit 0'],
    after: (root) => text(`${root}/a/out`),
    want: '/bin/sh\n',
  },
  {
    module: 'get_url',
    params: (root) => ({ url: `file://${root}/src/binary`, dest: `${root}/a/fetched`, mode: '0444' }),
    changes: ['fetch /R/a/fetched from file:///R/src/binary'],
    after: (root) => [readFileSync(`${root}/a/fetched`).length, bits(`${root}/a/fetched`)],
    want: [300_000, '444'],
  },
]

t.test('on this machine, a check run foretells the run, and a second run changes nothing', async (t) => {
  const root = sample(t.testdir())
  const connection = await openConnection({ kind: 'local', host: 'testhost', shellPath: '/bin/sh' })
  t.teardown(() => connection.close())
  const go = async (step: Step, check: boolean): Promise<Driven> => {
    const module = findModule(step.module)
    if (module === undefined) throw new Error(`no module ${step.module}`)
    const context = contextOn(connection, { check, diff: true, vars: { answer: 42, items: ['a', 'b'] } })
    return await drive(module, step.params(root), context)
  }
  const shown = (driven: Driven): string[] =>
    driven.changes.map(({ summary }) => summary.replaceAll(root, '/R'))
  const diffs = (driven: Driven) => driven.changes.map(({ diff }) => diff ?? null)

  for (const step of steps) {
    const foretold = await go(step, true)
    const done = await go(step, false)
    t.same(shown(foretold), step.changes, `${step.module}: check run`)
    t.same(shown(done), step.changes, `${step.module}: run`)
    t.same(diffs(foretold), diffs(done), `${step.module}: the same diffs`)
    if (step.after) t.same(step.after(root), step.want, `${step.module}: what is there now`)
    const again = await go(step, false)
    t.same(shown(again), [], `${step.module}: second run`)
    t.ok(again.result.why, `${step.module}: says why nothing was done`)
    t.not(again.result.changed, true, `${step.module}: second run is no change`)
  }
  const leftovers = await connection.run({
    parts: [{ kind: 'shell', text: `find '${root}' -name '.*hvlab*'` }],
  })
  t.equal(leftovers.stdout, '', 'no temporary file is left')
})

/** Runs one module on this machine. */
async function runHere(t: Test, name: string, params: Vars): Promise<Driven> {
  const connection = await openConnection({ kind: 'local', host: 'testhost', shellPath: '/bin/sh' })
  t.teardown(() => connection.close())
  const module = findModule(name)
  if (module === undefined) throw new Error(`no module ${name}`)
  return await drive(module, params, contextOn(connection, {}))
}

async function failureHere(t: Test, name: string, params: Vars): Promise<string> {
  try {
    await runHere(t, name, params)
    return 'no failure'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

t.test('files of any name and kind', async (t) => {
  const root = t.testdir({ real: 'old', dir: {} })
  const before = process.umask(0)
  t.teardown(() => process.umask(before))
  symlinkSync('real', `${root}/link`)
  symlinkSync('nowhere', `${root}/dangling`)
  execFileSync('mkfifo', [`${root}/fifo`])

  const odd = `${root}/dir/-ü \n'$(x)'.txt`
  await runHere(t, 'copy', { content: 'odd', dest: odd })
  t.same(
    [text(odd), bits(odd)],
    ['odd', '644'],
    'a name with everything in it; umask 000 gives no wider mode',
  )
  t.match(await runHere(t, 'stat', { path: odd }), {
    result: { data: { stat: { exists: true, size: 3, isreg: true } } },
  })

  await runHere(t, 'copy', { content: 'new', dest: `${root}/link`, follow: true })
  t.same(
    [text(`${root}/real`), lstatSync(`${root}/link`).isSymbolicLink()],
    ['new', true],
    'follow writes to the target',
  )
  await runHere(t, 'copy', { content: 'newer', dest: `${root}/link` })
  t.same(
    [text(`${root}/real`), lstatSync(`${root}/link`).isSymbolicLink()],
    ['new', false],
    'else the link is replaced',
  )
  await runHere(t, 'copy', { content: 'x', dest: `${root}/dangling` })
  t.same(lstatSync(`${root}/dangling`).isFile(), true, 'so is one that leads nowhere')

  t.equal(
    await failureHere(t, 'copy', { content: 'x', dest: `${root}/fifo` }),
    `${root}/fifo is a fifo, not a file`,
  )
  t.equal(
    await failureHere(t, 'copy', { content: 'x', dest: '/dev/full' }),
    '/dev/full is a device, not a file',
  )
  t.match(
    await failureHere(t, 'slurp', { src: `${root}/none` }),
    `Cannot read ${root}/none on this machine: `,
  )
  t.match(
    await failureHere(t, 'file', { path: `${root}/real/below`, state: 'directory' }),
    `create folder ${root}/real/below: mkdir: cannot create directory`,
  )
  t.equal(
    await failureHere(t, 'template', { src: odd, dest: `${root}/real`, validate: 'false %s' }),
    `${root}/real was not changed: "false %s" refused the new content with exit code 1`,
  )
  t.same(
    readdirSync(root).filter((name) => name.includes('hvlab')),
    [],
    'no temporary file is left',
  )
})

t.test('what is interrupted leaves no temporary file', async (t) => {
  const root = sample(t.testdir())
  const connection = await openConnection({ kind: 'local', host: 'testhost', shellPath: '/bin/sh' })
  t.teardown(() => connection.close())
  const cases: [module: string, params: Vars, at: string][] = [
    ['template', { src: `${root}/src/t.j2`, dest: `${root}/a/conf`, validate: 'look-at %s' }, 'look-at'],
    ['get_url', { url: `file://${root}/src/binary`, dest: `${root}/a/fetched` }, 'mv -Tf'],
  ]
  for (const [name, params, at] of cases) {
    const context = contextOn(connection, { vars: { answer: 42, items: [] } })
    let isInterrupted = false
    const run: typeof context.run = async (command, query) => {
      isInterrupted ||= renderCommand(command).includes(at)
      if (isInterrupted && query?.cleanUp !== true)
        throw new FailureError({ reason: 'cancelled', code: 'cancelled', message: 'interrupted' })
      return await connection.run(command)
    }
    const module = findModule(name)
    if (module === undefined) throw new Error(`no module ${name}`)
    await t.rejects(drive(module, params, { ...context, run }), { message: 'interrupted' }, name)
    t.same(readdirSync(`${root}/a`), ['link-to-conf'], name)
  }
})

t.test('modules that look and wait', async (t) => {
  const facts = await runHere(t, 'setup', { gather_subset: ['!all', 'network'] })
  const named = facts.result.data?.['ansible_facts'] as Vars
  t.ok(named['ansible_kernel'] && named['ansible_interfaces'], 'the smallest set comes along')
  t.notOk(Object.hasOwn(named, 'ansible_memtotal_mb'), 'what was not asked for does not')
  t.same(facts.result.effects?.facts, named)
  const some = await runHere(t, 'setup', { filter: 'mem*' })
  t.same(Object.keys(some.result.data?.['ansible_facts'] as Vars).sort(), [
    'ansible_memfree_mb',
    'ansible_memory_mb',
    'ansible_memtotal_mb',
  ])

  const server = createServer((socket) =>
    socket.on('error', () => undefined).end('SSH-2.0-test_9\r\n'),
  ).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const open = await runHere(t, 'wait_for', { port, timeout: 5 })
  t.equal(open.result.why, `port ${port} of 127.0.0.1 answers after 0 s`)
  const banner = await runHere(t, 'wait_for', { port, timeout: 5, search_regex: 'SSH-([\\d.]+)' })
  t.match(banner.result.data, { match_groups: ['2.0'] })
  const endless = createServer((socket) =>
    socket.on('error', () => undefined).write('x'.repeat(2 * 1024 * 1024)),
  ).listen(0, '127.0.0.1')
  t.teardown(() => endless.close())
  await new Promise((resolve) => endless.once('listening', resolve))
  const { port: endlessPort } = endless.address() as AddressInfo
  const never = await runHere(t, 'wait_for', {
    port: endlessPort,
    timeout: 0,
    connect_timeout: 600,
    search_regex: 'SSH',
  })
  t.equal(never.result.failed?.message, `port ${endlessPort} of 127.0.0.1 does not send SSH after 0 s`)
  const shut = await runHere(t, 'wait_for', { port, timeout: 0, state: 'stopped' })
  t.equal(shut.result.failed?.message, `port ${port} of 127.0.0.1 still answers after 0 s`)
  t.match((await runHere(t, 'wait_for_connection', {})).result, { data: { elapsed: 0 } })

  // A regular expression that looks for newlines at the end takes a minute for these.
  const empty = await runHere(t, 'shell', { cmd: "yes '' | head -n 100000; echo x" })
  const lines = empty.result.data?.['stdout_lines']
  t.equal(Array.isArray(lines) && lines.length, 100_001)

  const failed = await runHere(t, 'shell', { cmd: 'echo out; echo err >&2; exit 7' })
  t.match(failed.result, {
    failed: { code: 'command-failed' },
    data: { rc: 7, stdout: 'out', stderr: 'err' },
  })
})

/** A folder to copy from, and a link to edit through. */
function sample(root: string): string {
  mkdirSync(join(root, 'src/deep'), { recursive: true })
  mkdirSync(join(root, 'tree'))
  mkdirSync(join(root, 'a'), { mode: 0o2750 })
  chmodSync(join(root, 'a'), 0o2750)
  writeFileSync(join(root, 'src/binary'), Buffer.alloc(300_000, 0xa5), { mode: 0o751 })
  chmodSync(join(root, 'src/binary'), 0o751)
  writeFileSync(join(root, 'src/deep/empty'), '')
  const header = '#jinja2: lstrip_blocks: True, trim_blocks: False\n'
  writeFileSync(join(root, 'headed.j2'), `${header}  {% if true %}\nyes\n{% endif %}\n`)
  writeFileSync(
    join(root, 'src/t.j2'),
    '# {{ ansible_managed }}\nanswer={{ answer }}\n{% for i in items %}\n- {{ i }}\n{% endfor %}\n',
  )
  symlinkSync('conf', join(root, 'a/link-to-conf'))
  return root
}
