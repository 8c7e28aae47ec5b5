#!/usr/bin/env node
// How long until `hvlab --version`, `--help` and `plan quick` have answered, against bare node. Interleaved; medians.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { median } from './median.mjs'

const ROUNDS = Number(process.argv[2] ?? 15)
const hvlab = join(dirname(dirname(fileURLToPath(import.meta.url))), 'bin/hvlab.mjs')
const sides = {
  'node -e 0': ['-e', '0'],
  'hvlab --version': [hvlab, '--version'],
  'hvlab --help': [hvlab, '--help'],
  'hvlab plan quick': [hvlab, 'plan', 'quick'],
}
const times = Object.fromEntries(Object.keys(sides).map((side) => [side, []]))
for (let round = 0; round <= ROUNDS; round += 1) {
  for (const [side, args] of Object.entries(sides)) {
    const start = process.hrtime.bigint()
    const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' })
    if (status !== 0) throw new Error(`${side} ended with ${status}`)
    // The first round warms the page cache.
    if (round > 0) times[side].push(Number(process.hrtime.bigint() - start) / 1e6)
  }
}
const bare = median(times['node -e 0'])
for (const [side, list] of Object.entries(times)) {
  const ms = median(list)
  console.log(
    `${side.padEnd(17)} ${ms.toFixed(0).padStart(5)} ms  ${(ms / bare).toFixed(2)}×  +${(ms - bare).toFixed(0)} ms`,
  )
}
