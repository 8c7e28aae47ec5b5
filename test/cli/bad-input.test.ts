import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pLimit from 'p-limit'
import t, { type Test } from 'tap'
import { parseYaml } from '../../src/config/yaml.ts'
import { packageRoot } from '../../src/util/package-root.ts'
import { atEnd } from '../support/cleanup.ts'
import { hvlab } from '../support/hvlab-process.ts'
import { must, tool } from '../support/tool.ts'

/** What people do wrong, through the real command: the exact words and the exit code. test/cases/cli/*.yml holds the cases. */
interface Case {
  readonly title: string
  readonly argv: readonly string[]
  readonly exit: number
  /** Everything on stderr and stdout; `<lab>`, `<package>`, `<run>` and `<time>` stand for what changes. */
  readonly stderr?: string
  readonly stdout?: string
  /** Files of the lab besides the usual ones; a path that ends in / is a folder. */
  readonly files?: Readonly<Record<string, string>>
  /** Modes of some of them; then the command runs as a user who is not root. */
  readonly modes?: Readonly<Record<string, number>>
  readonly user?: boolean
  readonly env?: Readonly<Record<string, string>>
  /** Name of the lab's folder. */
  readonly folder?: string
}

/** Without what tap adds to every process: it takes longer than the command, and another user cannot write there. */
const bare = ['env', '-u', 'NODE_OPTIONS']

/** An unprivileged user, as on every Linux. */
const nobody = 65534

/** Where a machine lets tests become somebody else, and that user can read hvlab. */
const asUser = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups']
const skipUser = cannotBecomeUser()

// Many processes, on a machine that may be busy.
t.setTimeout(300_000)

const folder = join(packageRoot, 'test/cases/cli')
const limit = pLimit(2)

for (const file of readdirSync(folder)) {
  const { usual, cases } = read(join(folder, file))
  t.test(file, async (t) => {
    const results = cases.map((one) =>
      limit(() => (needsUser(one) && skipUser ? undefined : run(t, one, usual))),
    )
    for (const [index, one] of cases.entries()) {
      const result = await results[index]
      if (result === undefined) t.pass(one.title, { skip: skipUser })
      else t.same(result, { exit: one.exit, stderr: one.stderr ?? '', stdout: one.stdout ?? '' }, one.title)
    }
  })
}

t.test('a Node.js that is too old', async (t) => {
  const old =
    'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"18.20.4"}})'
  for (const script of ['bin/hvlab.mjs', 'scripts/setup.mjs']) {
    const words = ['-u', 'NODE_OPTIONS', process.execPath, '--import', old, join(packageRoot, script)]
    const { status, stdout, stderr } = tool('env', words)
    t.same(
      { status, stdout, stderr },
      {
        status: 1,
        stdout: '',
        stderr:
          'error: hvlab needs Node.js 20.19 or newer; this is 18.20.4.\n  hint: Install a current release from https://nodejs.org/ or your distribution, for example version 24.\n',
      },
      script,
    )
  }
})

t.test('guests that do not fit into memory', async (t) => {
  const guests = '{"hvlab_guests": [{"name": "huge", "memory_mb": 90000000}]}'
  const argv = ['exec', 'localhost', '-m', 'preflight', '-i', 'localhost,', '-e', guests, '--format', 'json']
  const { exitCode, stdout } = await hvlab(argv, { cwd: packageRoot, through: bare })
  t.equal(exitCode, 2)
  const { failures } = JSON.parse(stdout) as {
    failures: { failure: { code: string; message: string; hint: string } }[]
  }
  t.match(failures[0]?.failure, {
    code: 'preflight-failed',
    message:
      /^this host cannot carry the lab: not enough memory: \d+ MB of memory are available and 1 guest with QEMU needs 90000200 MB$/,
    hint: /Lower memory_mb or the number of guests in hvlab_guests, or stop what uses the memory\./,
  })
})

t.test(
  'a disk without room',
  { skip: process.getuid?.() !== 0 && 'needs root to mount a small one' },
  async (t) => {
    const lab = mkdtempSync(join(tmpdir(), 'hvlab-cli-'))
    const disk = join(lab, 'disk')
    mkdirSync(disk)
    atEnd(t, () => rmSync(lab, { recursive: true, force: true }))
    must('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', disk])
    atEnd(t, () => must('umount', [disk]))
    const options = ['-e', `hvlab_store=${disk}/store`, '--format', 'plain']
    const { exitCode, stderr } = await hvlab(['up', 'quick', ...options], { cwd: lab })
    t.equal(exitCode, 2)
    t.match(
      stderr.replaceAll(disk, '<disk>'),
      `✖ preflight · localhost · look at the machine
  this host cannot carry the lab: not enough disk: 0.1 GB of disk are available in <disk>, the image needs 2.5 GB at least
  hint: Free space in <disk>, or mount a larger file system on /var/lib/hvlab. If that is meant: -e hvlab_overcommit=true.
`,
    )
    t.same(readdirSync(disk), [], 'nothing was begun')
  },
)

t.test(
  'a read-only file system',
  { skip: process.getuid?.() !== 0 && 'needs root to mount one' },
  async (t) => {
    const lab = mkdtempSync(join(tmpdir(), 'hvlab-cli-'))
    atEnd(t, () => rmSync(lab, { recursive: true, force: true }))
    must('mount', ['-t', 'tmpfs', 'tmpfs', lab])
    atEnd(t, () => must('umount', [lab]))
    writeFileSync(join(lab, 'site.yml'), '- hosts: localhost\n  tasks: []\n')
    must('mount', ['-o', 'remount,ro', lab])
    const { exitCode, stderr } = await hvlab(['run', 'site.yml', '--format', 'plain'], { cwd: lab })
    t.equal(exitCode, 1)
    t.match(stderr, `error: The folder ${lab}/results cannot be used: read-only file system.\n`)
  },
)

const container = tool('systemd-detect-virt', ['--container'])
const noContainer = container.status !== 0 && 'this machine is not a container'

t.test('a container that may not make networks', { skip: noContainer }, async (t) => {
  const lab = mkdtempSync(join(tmpdir(), 'hvlab-cli-'))
  atEnd(t, () => rmSync(lab, { recursive: true, force: true }))
  const through = ['setpriv', '--inh-caps=-net_admin', '--bounding-set=-net_admin']
  const { exitCode, stderr } = await hvlab(['up', 'quick', '--format', 'plain'], { cwd: lab, through })
  t.equal(exitCode, 2)
  t.match(
    stderr,
    `✖ preflight · localhost · look at the machine
  this host cannot carry the lab: this is a container (${container.stdout.trim()}) without CAP_NET_ADMIN and CAP_SYS_ADMIN: libvirt cannot work here
  hint: Use the machine itself, or a container with all capabilities and /dev/net/tun (docker: --privileged).
`,
  )
})

async function run(t: Test, one: Case, usual: Record<string, string>) {
  const parent = mkdtempSync(join(tmpdir(), 'hvlab-cli-'))
  atEnd(t, () => rmSync(parent, { recursive: true, force: true }))
  const lab = join(parent, one.folder ?? 'lab')
  for (const [path, text] of Object.entries({ ...usual, ...one.files })) write(join(lab, path), text)
  const options = {
    cwd: lab,
    env: { XDG_STATE_HOME: join(parent, 'state'), HOME: parent, ...one.env },
    through: [...bare, ...(needsUser(one) ? asUser : [])],
  }
  if (needsUser(one)) {
    chmodSync(parent, 0o755)
    for (const path of ['', ...readdirSync(lab, { recursive: true, encoding: 'utf8' })])
      chownSync(join(lab, path), nobody, nobody)
    for (const [path, mode] of Object.entries(one.modes ?? {})) chmodSync(join(lab, path), mode)
  }
  const { exitCode, stderr, stdout } = await hvlab(one.argv, options)
  return { exit: exitCode, stderr: steady(stderr, lab), stdout: steady(stdout, lab) }
}

function needsUser(one: Case): boolean {
  return one.user === true || one.modes !== undefined
}

function write(path: string, text: string): void {
  mkdirSync(path.endsWith('/') ? path : dirname(path), { recursive: true })
  if (!path.endsWith('/')) writeFileSync(path, text)
}

/** What differs from run to run, and from machine to machine. */
function steady(text: string, lab: string): string {
  return text
    .replaceAll(lab, '<lab>')
    .replaceAll(packageRoot, '<package>')
    .replaceAll(/\d{8}-\d{6}-[\w-]+/g, '<run>')
    .replaceAll(/\b\d+\.\d s\b/g, '<time>')
    .replaceAll(/"duration_ms": \d+/g, '"duration_ms": <time>')
    .replaceAll(/[^\S\n]+$/gm, '')
}

function read(path: string): { usual: Record<string, string>; cases: Case[] } {
  const parsed = parseYaml(readFileSync(path, 'utf8'), path)
  if (!parsed.ok) throw new Error(parsed.error.map(({ message }) => message).join('\n'))
  return parsed.value.value as unknown as { usual: Record<string, string>; cases: Case[] }
}

function cannotBecomeUser(): string | false {
  if (process.getuid?.() !== 0) return 'needs root to become another user'
  const [command = '', ...words] = asUser
  const can = tool(command, [...words, process.execPath, '--check', join(packageRoot, 'bin/hvlab.mjs')])
  return can.status === 0 ? false : 'another user cannot read this clone'
}
