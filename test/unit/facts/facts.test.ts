import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parseYaml } from '../../../src/config/yaml.ts'
import { addresses } from '../../../src/facts/addresses.ts'
import { aptCache } from '../../../src/facts/apt-cache.ts'
import { aptCandidates } from '../../../src/facts/apt-candidates.ts'
import { batchAnswer, batchCommand } from '../../../src/facts/batch.ts'
import { clocksource } from '../../../src/facts/clocksource.ts'
import { cpu } from '../../../src/facts/cpu.ts'
import { debFile } from '../../../src/facts/deb-file.ts'
import { disk } from '../../../src/facts/disk.ts'
import { dmi } from '../../../src/facts/dmi.ts'
import { dns } from '../../../src/facts/dns.ts'
import { fileStat } from '../../../src/facts/file-stat.ts'
import { fileTree } from '../../../src/facts/file-tree.ts'
import { firewall } from '../../../src/facts/firewall.ts'
import { group } from '../../../src/facts/group.ts'
import { hostTime } from '../../../src/facts/host-time.ts'
import { identity } from '../../../src/facts/identity.ts'
import { kernel } from '../../../src/facts/kernel.ts'
import { kernelModule } from '../../../src/facts/kernel-module.ts'
import { memory } from '../../../src/facts/memory.ts'
import { mounts } from '../../../src/facts/mounts.ts'
import { osRelease } from '../../../src/facts/os-release.ts'
import { packages } from '../../../src/facts/packages.ts'
import { python } from '../../../src/facts/python.ts'
import { routes } from '../../../src/facts/routes.ts'
import { selinux } from '../../../src/facts/selinux.ts'
import { serviceManager } from '../../../src/facts/service-manager.ts'
import { systemdUnit } from '../../../src/facts/systemd-unit.ts'
import { sysvService } from '../../../src/facts/sysv-service.ts'
import { uptime } from '../../../src/facts/uptime.ts'
import { user } from '../../../src/facts/user.ts'
import { virtualization } from '../../../src/facts/virtualization.ts'
import { which } from '../../../src/facts/which.ts'
import type { Fact } from '../../../src/model/fact.ts'
import { FailureError } from '../../../src/model/failure.ts'
import { packageRoot } from '../../../src/util/package-root.ts'
import { renderCommand } from '../../../src/util/sh.ts'

/** test/cases/facts/<fact>/<case>.yml: what a host printed, and what the fact makes of it. */
interface Case {
  /** Where the output comes from. */
  readonly source: string
  readonly args?: readonly unknown[]
  /** The command that is sent, where it matters. */
  readonly command?: string
  readonly stdout: string
  readonly stderr?: string
  readonly exitCode?: number
  /** The whole answer, or with `part` only some of its keys. */
  readonly expect?: unknown
  readonly part?: Record<string, unknown>
  readonly failure?: string
}

/** A fact as the cases use it: any arguments, any answer. */
interface AnyFact {
  readonly name: string
  command(...args: unknown[]): ReturnType<Fact<[], unknown>['command']>
  parse(result: { exitCode: number; stdout: string; stderr: string }, ...args: unknown[]): unknown
}

const facts = [
  addresses,
  aptCache,
  aptCandidates,
  clocksource,
  cpu,
  debFile,
  disk,
  dmi,
  dns,
  fileStat,
  fileTree,
  firewall,
  group,
  hostTime,
  identity,
  kernel,
  kernelModule,
  memory,
  mounts,
  osRelease,
  packages,
  python,
  routes,
  selinux,
  serviceManager,
  systemdUnit,
  sysvService,
  uptime,
  user,
  virtualization,
  which,
] as unknown as readonly AnyFact[]

const root = join(packageRoot, 'test/cases/facts')

/** What a host may print to do harm, made of what an honest one printed. */
const mischief: readonly (readonly [string, (stdout: string) => string])[] = [
  ['digits without an end', (text) => text.replace(/\d+/g, '9'.repeat(400))],
  ['exponents', (text) => text.replace(/\d+/g, '1e999')],
  ['words for numbers', (text) => text.replace(/\d+/g, 'x')],
  ['negative numbers', (text) => text.replace(/\d+/g, '-1')],
  ['other JSON', (text) => text.replace(/:\s*("[^"]*"|\d+)/g, ':{"a":[null]}')],
  ['deep JSON', () => '['.repeat(100_000)],
  ['names of every object', (text) => text.replace(/[A-Za-z_]+/g, '__proto__')],
  ['NULs', (text) => text.replaceAll(' ', '\0')],
  ['half of it', (text) => text.slice(0, text.length / 2)],
]

t.test('facts read what hosts print', async (t) => {
  const seen = new Set(readdirSync(root))
  t.same([...seen].sort(), facts.map(({ name }) => name).sort(), 'every fact has cases')
  for (const fact of facts) {
    for (const file of readdirSync(join(root, fact.name)).sort()) {
      const path = join(root, fact.name, file)
      const parsed = parseYaml(readFileSync(path, 'utf8'), path)
      if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
      check(t, fact, `${fact.name}/${file}`, parsed.value.value as unknown as Case)
    }
  }
})

function check(t: Test, fact: AnyFact, name: string, found: Case): void {
  const args = found.args ?? []
  if (found.command !== undefined)
    t.equal(renderCommand(fact.command(...args)), found.command, `${name}: command`)
  const result = { exitCode: found.exitCode ?? 0, stdout: found.stdout, stderr: found.stderr ?? '' }
  if (found.failure !== undefined) {
    try {
      fact.parse(result, ...args)
      t.fail(`${name}: should have failed`)
    } catch (error) {
      t.equal(
        error instanceof FailureError ? error.failure.message : error,
        found.failure,
        `${name}: failure`,
      )
    }
    return
  }
  const answer = fact.parse(result, ...args)
  if (found.part === undefined) t.same(answer, found.expect, name)
  else t.match(answer, found.part, name)
  for (const [what, foul] of mischief) {
    try {
      const lie = fact.parse({ ...result, stdout: foul(found.stdout) }, ...args)
      t.notOk(badNumber(lie), `${name}: ${what}: ${badNumber(lie)}`)
    } catch (error) {
      t.ok(error instanceof FailureError, `${name}: ${what}: ${String(error)}`)
    }
  }
}

/** Path of a number that is none, in an answer. */
function badNumber(value: unknown, path = ''): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${path} is ${value}`
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, part] of Object.entries(value)) {
    const bad = badNumber(part, `${path}.${key}`)
    if (bad !== undefined) return bad
  }
  return undefined
}

t.test('no fact trips over output that is cut or foreign', async (t) => {
  const outputs = [
    '',
    '\n',
    '@@',
    '@@stat\n@@x',
    '{',
    '[{}]',
    '\0\u001b[31m',
    'a:b:c\n'.repeat(3),
    '@@show\n=\n',
    // What a pattern that tries all ways to part it takes a minute for.
    `a\n${' '.repeat(100_000)}x`,
    `@@stat\n${'\n'.repeat(100_000)}x`,
  ]
  const args: Readonly<Record<string, readonly unknown[]>> = {
    'apt-candidates': [['a']],
    packages: [['a']],
    which: [['a']],
    'file-stat': ['/x'],
    'systemd-unit': ['x', 'system'],
  }
  for (const fact of facts) {
    for (const stdout of outputs) {
      const given = args[fact.name] ?? ['x']
      try {
        fact.parse({ exitCode: 1, stdout, stderr: '' }, ...given)
        t.pass(`${fact.name} answers`)
      } catch (error) {
        t.ok(error instanceof FailureError, `${fact.name} says what is wrong: ${String(error)}`)
      }
    }
  }
})

t.test('several facts in one round trip', async (t) => {
  const command = renderCommand(batchCommand([uptime, clocksource]))
  t.match(
    command,
    /^printf '\\n##%s\\n' uptime; \( \{ .* <\/proc\/uptime && .* \) 2>\/dev\/null; printf '\\n##= %s\\n' \$\?; /,
  )
  const answer = batchAnswer(
    '\n##uptime\n12.5 3.1\n\n##= 0\n\n##clocksource\n\n@@current\ntsc\n\n@@available\ntsc hpet\n\n##= 0\n',
  )
  t.equal(answer(uptime), 12)
  t.same(answer(clocksource), { current: 'tsc', available: ['tsc', 'hpet'] })
  t.same(
    answer(serviceManager),
    { systemd: false, init: 'unknown', systemctl: false, service: false },
    'one that was not asked',
  )
})
