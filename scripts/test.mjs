#!/usr/bin/env node
// `npm test`: the checks, the unit tests and the end-to-end lab. Ends with the line `N passed, N failed`.
// A check (format and lint, types, layers, dead code) counts as one test. `--quick` leaves the end-to-end tests out.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const quick = process.argv.includes('--quick')
const bin = (name) => join(root, 'node_modules', '.bin', name)

/** End-to-end tests that measure: nothing runs beside them. They come first and leave the built image to the others. */
const measuring = ['quick-lab', 'fleet']
/**
 * Those that leave this machine's libvirt alone, with sandbox hosts or QEMUs of their own: beside those that share it.
 * What boots several guests on this machine comes last: boots that share two processors take several times as long.
 */
const apart = [
  'cloud-image',
  'cloud-init-schema',
  'installed-package',
  'installer',
  'port-forward',
  'reproducible-image',
  'role-test',
  'sandbox',
]
const last = ['guests', 'guest-commands']

let passed = 0
let failed = 0
const said = []

check('format and lint', bin('biome'), ['check', '--error-on-warnings', '.'])
check('types', bin('tsc'), ['--noEmit'])
check('layers', bin('depcruise'), ['--config', '.dependency-cruiser.cjs', '--output-type', 'err', 'src'])
check('dead code', bin('knip'), ['--no-progress'])
await tests('unit tests, with coverage', bin('tap'), ['--reporter=tap'])
if (!quick) await endToEnd()

if (said.length > 0) process.stdout.write(`\n== what failed, again\n${said.join('\n')}\n`)
process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
process.exit(failed === 0 ? 0 : 1)

function check(title, command, args) {
  heading(title)
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (status === 0) passed += 1
  else failed += 1
  process.stdout.write(status === 0 ? 'ok\n' : `not ok: ${title}\n`)
  if (status !== 0) said.push(`${title}: exit code ${status}`)
}

/** Two end-to-end tests at a time: they wait for boots more than they compute. */
async function endToEnd() {
  const all = readdirSync(join(root, 'dist/test/e2e'))
    .filter((file) => file.endsWith('.test.js'))
    .map((file) => file.replace('.test.js', ''))
  const gone = [...measuring, ...apart, ...last].filter((name) => !all.includes(name))
  if (gone.length > 0)
    throw new Error(`scripts/test.mjs names end-to-end tests that are not there: ${gone.join(', ')}`)
  const placed = [...measuring, ...apart, ...last]
  const shared = [...all.filter((name) => !placed.includes(name)), ...last]
  await inTurns(measuring)
  await Promise.all([inTurns(shared), inTurns(apart)])
}

async function inTurns(names) {
  for (const name of names) {
    await tests(`end to end: ${name}`, process.execPath, [join(root, `dist/test/e2e/${name}.test.js`)])
  }
}

/** Runs tests and adds the closing `# { total: …, pass: …, fail: … }` to the count. */
async function tests(title, command, args) {
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, ...(command === process.execPath && { TAP_TIMEOUT: '1500' }) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close')
  const stdout = await text(child.stdout)
  const [status] = await closed
  const counts = [...stdout.matchAll(/^# \{ total: (\d+)(?:, pass: (\d+))?(?:, fail: (\d+))?.*\}$/gm)].at(-1)
  heading(title)
  process.stdout.write(status === 0 ? shortened(stdout) : stdout)
  if (status !== 0) said.push(`${title}:\n${failuresOf(stdout)}`)
  passed += Number(counts?.[2] ?? 0)
  const fails = Number(counts?.[3] ?? 0)
  failed += status !== 0 && fails === 0 ? 1 : fails
}

/** Per file one line, timings, and the coverage table; the nested assertions matter only when something failed. */
function shortened(output) {
  return output
    .split('\n')
    .filter((line) => /^(ok|not ok|#|All files|-----|File )|# SKIP|# timing: /.test(line))
    .join('\n')
    .concat('\n')
}

/** The assertions that failed, each with the head of its diagnosis: whoever sees only the end of the output sees these. */
function failuresOf(output) {
  const lines = output.split('\n')
  const isFailure = (line) => /^\s+not ok \d+ - /.test(line) && !/# (time=|TODO|SKIP)/.test(line)
  return lines
    .flatMap((line, index) => (isFailure(line) ? lines.slice(index, index + 25) : []))
    .join('\n')
    .slice(0, 8000)
}

function heading(title) {
  process.stdout.write(`\n== ${title}\n`)
}
