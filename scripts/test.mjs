#!/usr/bin/env node
// `npm test`: the checks, the unit tests and the end-to-end lab. Ends with the line `N passed, N failed`.
// A check (format and lint, types, layers, dead code) counts as one test. `--quick` leaves the end-to-end tests out.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const quick = process.argv.includes('--quick')
const bin = (name) => join(root, 'node_modules', '.bin', name)
let passed = 0
let failed = 0
const said = []

check('format and lint', bin('biome'), ['check', '--error-on-warnings', '.'])
check('types', bin('tsc'), ['--noEmit'])
check('layers', bin('depcruise'), ['--config', '.dependency-cruiser.cjs', '--output-type', 'err', 'src'])
check('dead code', bin('knip'), ['--no-progress'])
tests('unit tests, with coverage', [])
if (!quick) {
  for (const file of readdirSync(join(root, 'dist/test/e2e'))) {
    if (!file.endsWith('.test.js')) continue
    tests(`end to end: ${file.replace('.test.js', '')}`, [
      `dist/test/e2e/${file}`,
      '--exclude=dist/test/none/**',
      '--disable-coverage',
      '--allow-empty-coverage',
      '--timeout=1500',
    ])
  }
}

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

/** Runs tap and adds its closing `# { total: …, pass: …, fail: … }` to the count. */
function tests(title, args) {
  heading(title)
  const { status, stdout } = spawnSync(bin('tap'), ['--reporter=tap', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  const counts = [...stdout.matchAll(/^# \{ total: (\d+)(?:, pass: (\d+))?(?:, fail: (\d+))?.*\}$/gm)].at(-1)
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
