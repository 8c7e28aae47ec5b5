import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual, promisify } from 'node:util'
import t, { type Test } from 'tap'
import { parseYaml } from '../../../src/config/yaml.ts'
import { openConnection } from '../../../src/connections/open.ts'
import type { Connection } from '../../../src/model/connection.ts'
import type { Value, Vars } from '../../../src/model/value.ts'
import { findModule } from '../../../src/modules/registry.ts'
import { packageRoot } from '../../../src/util/package-root.ts'
import { contextOn, drive } from '../../support/module-harness.ts'
import { missingPrograms } from '../../support/requirements.ts'
import { webServer } from '../../support/web-server.ts'

/**
 * test/cases/ansible/<module>.yml: a list of these. What Ansible did with each is in recorded/<module>.yml, with the version.
 * `RECORD_ANSIBLE=1` asks the ansible-playbook of this machine anew, `RECORD_ANSIBLE=find` for one module (then read the diff); without it none is needed.
 */
interface Case {
  readonly title: string
  /** A shell script that makes what is there before, run in an empty folder. */
  readonly setup?: string
  /** `ROOT` stands for that folder, `SERVER` for the address of test/support/web-server.ts. */
  readonly params: Vars
  /** Environment of both; `ROOT` as in params. */
  readonly env?: Readonly<Record<string, string>>
  /** Keys of the result that must be as Ansible's. `changed` and `failed` always are. */
  readonly same?: readonly string[]
  /** A shell script whose output must be the same afterwards. */
  readonly after?: string
  /** Where hvlab differs on purpose: what it gives instead, and why. */
  readonly unlike?: { readonly why: string } & Partial<Record<Phase, Vars>>
}

type Phase = 'check' | 'run' | 'again'
const phases: readonly Phase[] = ['check', 'run', 'again']

interface Observed extends Record<Phase, Vars> {
  readonly after?: string
}

/** `check` and `again` only where they differ from `run`. */
type Recorded = Readonly<Record<string, Partial<Observed> & { readonly run: Vars }>>

// Some hundreds of runs on a machine that may be busy.
t.setTimeout(300_000)
const folder = join(packageRoot, 'test/cases/ansible')
const { url: server, close } = await webServer()
t.teardown(close)

/** What differs between two runs of Ansible itself. */
const volatile = new Set(['discovered_interpreter_python', 'inode', 'dev', 'atime', 'mtime', 'ctime'])

function plain(value: Value, root: string): Value {
  // hvlab says in words of its own why it skips.
  if (typeof value === 'string' && /does not support check mode$/.test(value)) return null
  if (typeof value === 'string')
    return value
      .replaceAll(root, 'ROOT')
      .replaceAll(server, 'SERVER')
      .replace(/(ansible|hvlab)[-.]\w{8,12}\b/g, 'X')
  if (Array.isArray(value)) {
    const items = value.map((item) => plain(item, root))
    const path = (item: Value): string => String((item as Vars | null)?.['path'] ?? '')
    return items.sort((a, b) => (path(a) < path(b) ? -1 : path(a) > path(b) ? 1 : 0))
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !volatile.has(key))
      .map(([key, item]) => [key.replaceAll(root, 'ROOT'), plain(item, root)]),
  )
}

function chosen(result: Vars, found: Case, root: string): Vars {
  const keys = ['changed', 'failed', ...(found.same ?? [])]
  return Object.fromEntries(
    keys.map((key) => [key, plain(result[key] ?? (key === 'failed' ? false : null), root)]),
  )
}

const within = (root: string, script: string): string =>
  execFileSync('/bin/sh', ['-ec', script], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, ROOT: root, LC_ALL: 'C' },
  })

function withRoot(value: Value, root: string): Value {
  return JSON.parse(
    JSON.stringify(value).replaceAll('SERVER', server).replaceAll('ROOT', JSON.stringify(root).slice(1, -1)),
  )
}

async function asHvlab(name: string, found: Case, root: string, connection: Connection): Promise<Observed> {
  const module = findModule(name)
  if (module === undefined) throw new Error(`no module ${name}`)
  const results: Partial<Record<Phase, Vars>> = {}
  for (const phase of phases) {
    const context = contextOn(connection, { check: phase === 'check', diff: true, folder: root })
    results[phase] = chosen(await outcome(), found, root)

    async function outcome(): Promise<Vars> {
      try {
        const { result, changes } = await drive(
          module as never,
          withRoot(found.params, root) as Vars,
          context,
        )
        const changed = result.changed ?? changes.length > 0
        return {
          ...result.data,
          changed,
          failed: result.failed !== undefined,
          skipped: result.skipped !== undefined,
        }
      } catch (error) {
        return { changed: false, failed: true, msg: error instanceof Error ? error.message : String(error) }
      }
    }
  }
  return finished(results as Record<Phase, Vars>, found, root)
}

function finished(results: Record<Phase, Vars>, found: Case, root: string): Observed {
  if (found.after === undefined) return results
  return { ...results, after: within(root, found.after).replaceAll(root, 'ROOT') }
}

async function asAnsible(name: string, found: Case, root: string): Promise<Observed> {
  const task = (phase: Phase) => ({
    name: phase,
    [collections[name] ?? `ansible.builtin.${name}`]: withRoot(found.params, root),
    check_mode: phase === 'check',
    diff: true,
    ignore_errors: true,
  })
  const playbook = join(root, '../playbook.json')
  writeFileSync(
    playbook,
    JSON.stringify([{ hosts: 'testhost', gather_facts: false, tasks: phases.map(task) }]),
  )
  const { stdout: output } = await promisify(execFile)(
    'ansible-playbook',
    ['-i', 'testhost,', '-c', 'local', playbook],
    {
      encoding: 'utf8',
      cwd: root,
      env: {
        ...process.env,
        ANSIBLE_STDOUT_CALLBACK: 'json',
        ANSIBLE_DEPRECATION_WARNINGS: '0',
        ANSIBLE_LOCALHOST_WARNING: '0',
      },
    },
  )
  const { plays } = JSON.parse(output.slice(output.indexOf('{\n'))) as {
    plays: { tasks: { task: { name: Phase }; hosts: { testhost: Vars } }[] }[]
  }
  const results = Object.fromEntries(
    (plays[0]?.tasks ?? []).map(({ task, hosts }) => [task.name, chosen(hosts.testhost, found, root)]),
  )
  return finished(results as Record<Phase, Vars>, found, root)
}

/** Where Ansible keeps modules that are not its core's. */
const collections: Readonly<Record<string, string>> = {
  authorized_key: 'ansible.posix.authorized_key',
  mount: 'ansible.posix.mount',
  sysctl: 'ansible.posix.sysctl',
}

async function inFolder<T>(found: Case, work: (root: string) => T | Promise<T>): Promise<T> {
  const place = mkdtempSync(join(tmpdir(), 'as-ansible-'))
  const root = join(place, 'root')
  try {
    execFileSync('mkdir', [root])
    if (found.setup !== undefined) within(root, found.setup)
    Object.assign(process.env, withRoot(found.env ?? {}, root))
    return await work(root)
  } finally {
    for (const name of Object.keys(found.env ?? {})) delete process.env[name]
    rmSync(place, { recursive: true, force: true })
  }
}

const openHere = () => openConnection({ kind: 'local', host: 'testhost', shellPath: '/bin/sh' })

function read<T>(file: string): T {
  const parsed = parseYaml(readFileSync(file, 'utf8'), file)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
  return parsed.value.value as T
}

async function check(t: Test, name: string): Promise<void> {
  const cases = read<readonly Case[]>(join(folder, `${name}.yml`))
  const record = join(folder, 'recorded', `${name}.yml`)
  if (['1', name].includes(process.env['RECORD_ANSIBLE'] ?? '')) await ask(name, cases, record)
  const { version, ...known } = read<Recorded & { version: string }>(record)
  t.same(
    Object.keys(known),
    cases.map(({ title }) => title),
    `${name}: every case is recorded`,
  )
  await using shared = await openHere()
  for (const found of cases) {
    const ansible = known[found.title]
    if (ansible === undefined) continue
    const got = await inFolder(found, async (root) => {
      if (found.env === undefined) return await asHvlab(name, found, root, shared)
      // A shell that is open has the environment that it began with.
      await using own = await openHere()
      return await asHvlab(name, found, root, own)
    })
    for (const phase of phases) {
      const want = { ...(ansible[phase] ?? ansible.run), ...found.unlike?.[phase] }
      t.same(got[phase], want, `${found.title}: ${phase}, as ${version}`)
    }
    if (found.after !== undefined) t.equal(got.after, ansible.after, `${found.title}: what is there now`)
  }
}

async function ask(name: string, cases: readonly Case[], record: string): Promise<void> {
  const version = /core [\d.]+/.exec(execFileSync('ansible', ['--version'], { encoding: 'utf8' }))?.[0] ?? '?'
  const lines = [`version: ansible-${version}\n`]
  for (const found of cases) {
    const { run, ...others } = await inFolder(found, (root) => asAnsible(name, found, root))
    lines.push(`${JSON.stringify(found.title)}:\n  run: ${JSON.stringify(run)}\n`)
    for (const [phase, value] of Object.entries(others))
      if (!isDeepStrictEqual(value, run)) lines.push(`  ${phase}: ${JSON.stringify(value)}\n`)
  }
  writeFileSync(record, lines.join(''))
}

const skip =
  process.getuid?.() === 0
    ? missingPrograms(['apt-config', 'awk', 'curl', 'debconf-show', 'git', 'ssh-keygen', 'tar'])
    : 'what Ansible did was recorded as root'

for (const file of readdirSync(folder).sort()) {
  if (!file.endsWith('.yml')) continue
  const name = file.replace(/\.yml$/, '')
  t.test(`${name} does what Ansible's does`, { skip }, async (t) => await check(t, name))
}
