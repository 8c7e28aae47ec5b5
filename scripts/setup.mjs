#!/usr/bin/env node
// Makes a clone ready: dependencies when the lock file changed, dist/ when the sources changed.
// No dependencies of its own, because it runs before there are any. `--test` also sees to the system packages
// that the tests use.
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
build()
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

/** Compiles without checking types, which is the tests' business and takes three times as long. */
function build() {
  const stamp = join(root, 'dist', '.hvlab-build')
  const wanted = fingerprintOfSources()
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  say('compiling')
  // What was compiled of files that are gone would be tested for ever.
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--noCheck'])
  writeFileSync(stamp, wanted)
}

function fingerprintOfSources() {
  const hash = createHash('sha256')
  for (const name of ['tsconfig.json', 'package-lock.json']) hash.update(readFileSync(join(root, name)))
  for (const folder of ['src', 'test']) {
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
