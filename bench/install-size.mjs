#!/usr/bin/env node
// The package as a user installs it: packed, installed without development dependencies, measured with du.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const BUDGET_MB = 110
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const folder = mkdtempSync(join(tmpdir(), 'hvlab-size-'))
try {
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--loglevel=error', '--pack-destination', folder], { cwd: root }),
  )
  execFileSync('npm', ['init', '-y'], { cwd: folder, stdio: 'ignore' })
  execFileSync('npm', ['install', '--omit=dev', '--ignore-scripts', join(folder, packed.filename)], {
    cwd: folder,
    stdio: 'ignore',
  })
  const megabytes = (path) => Number(execFileSync('du', ['-sm', path], { encoding: 'utf8' }).split('\t')[0])
  const total = megabytes(join(folder, 'node_modules'))
  console.log(`tarball          ${(packed.size / 1e6).toFixed(1)} MB, ${packed.entryCount} files`)
  console.log(
    `installed        ${total} MB, ${(total / BUDGET_MB).toFixed(2)}× the budget of ${BUDGET_MB} MB`,
  )
  console.log(`hvlab itself     ${megabytes(join(folder, 'node_modules/hvlab'))} MB`)
} finally {
  rmSync(folder, { recursive: true })
}
