#!/usr/bin/env node
// Makes a clone ready: dependencies when the lock file changed, dist/ when the sources changed: the bundle that `bin/hvlab.mjs`
// runs. `--quick-test` compiles the tests, too; `--test` also sees to the system packages that they use.
// No dependencies of its own, because it runs before there are any.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { requireNode } from '../bin/node-version.mjs'
import { ensureTestPackages } from './system-packages.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

requireNode()
installDependencies()
await fresh('hvlab', ['src'], bundle)
if (process.argv.includes('--test') || process.argv.includes('--quick-test'))
  await fresh('test', ['src', 'test'], compile)
if (process.argv.includes('--test')) ensureTestPackages()

/** `npm ci` only when the lock file, or the ABI that native packages are built for, is another than last time. */
function installDependencies() {
  const lock = readFileSync(join(root, 'package-lock.json'))
  const wanted = createHash('sha256').update(lock).update(process.versions.modules).digest('hex')
  const stamp = join(root, 'node_modules', '.hvlab-setup')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  say('installing dependencies (npm ci)')
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'])
  writeFileSync(stamp, wanted)
}

/** Makes dist/`output` anew when a source in `folders` is another than last time. */
async function fresh(output, folders, make) {
  const stamp = join(root, 'dist', `.${output}`)
  const wanted = fingerprintOfSources(folders)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  await make()
  writeFileSync(stamp, wanted)
}

/** All modules in a few files: node spends more time on opening 700 files than on running them. Packages stay outside. */
async function bundle() {
  say('bundling')
  const { buildSync } = await import('esbuild')
  clear('hvlab')
  buildSync({
    absWorkingDir: root,
    entryPoints: ['src/main.ts'],
    outdir: 'dist/hvlab',
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    sourcemap: true,
    logLevel: 'warning',
  })
}

/** For the tests. Types are theirs to check, which takes three times as long. */
function compile() {
  say('compiling')
  clear('src', 'test', '.tsbuildinfo')
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--noCheck'])
}

/** What was made of files that are gone would be run for ever. */
function clear(...names) {
  for (const name of names) rmSync(join(root, 'dist', name), { recursive: true, force: true })
}

function fingerprintOfSources(folders) {
  const hash = createHash('sha256')
  for (const name of ['package-lock.json', 'tsconfig.json', 'scripts/setup.mjs'])
    hash.update(readFileSync(join(root, name)))
  for (const folder of folders) {
    for (const entry of readdirSync(join(root, folder), { recursive: true }).sort()) {
      if (!entry.endsWith('.ts')) continue
      const { mtimeMs, size } = statSync(join(root, folder, entry))
      hash.update(`${folder}/${entry} ${mtimeMs} ${size}\n`)
    }
  }
  return hash.digest('hex')
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (status !== 0) fail(`${command} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}.`)
}

function say(text) {
  process.stderr.write(`hvlab set-up: ${text}\n`)
}

function fail(message) {
  process.stderr.write(`error: ${message}\n`)
  process.exit(1)
}
