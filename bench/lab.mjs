#!/usr/bin/env node
// A cold `hvlab up quick` against a second one, stage by stage. Needs root; removes hvlab's guests and images first.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const hvlab = join(dirname(dirname(fileURLToPath(import.meta.url))), 'bin/hvlab.mjs')
const lab = mkdtempSync(join(tmpdir(), 'hvlab-bench-'))

function run(...args) {
  const { status, stdout } = spawnSync(process.execPath, [hvlab, ...args, '--format', 'jsonl'], {
    cwd: lab,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Error(`hvlab ${args.join(' ')} ended with ${status}`)
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

function stagesOf(events) {
  return new Map(
    events
      .filter((event) => event.kind === 'stage.finished')
      .map((event) => [event.stage, event.durationMs / 1000]),
  )
}

function untilBenchmark(events) {
  const at = (kind, stage) =>
    Date.parse(events.find((event) => event.kind === kind && (!stage || event.stage === stage)).time)
  return (at('stage.started', 'benchmark') - at('run.started')) / 1000
}

try {
  run('down', '--images')
  const first = run('up', 'quick')
  const second = run('up', 'quick')
  const cold = stagesOf(first)
  const warm = stagesOf(second)
  const row = (name, a, b) =>
    console.log(
      `${name.padEnd(18)} ${a.toFixed(1).padStart(7)} s ${b.toFixed(1).padStart(7)} s  ${(a / b).toFixed(1)}×`,
    )
  console.log('stage                 cold    second  ratio')
  for (const [name, seconds] of cold) row(name, seconds, warm.get(name))
  row('until benchmark', untilBenchmark(first), untilBenchmark(second))
  row('whole run', first.at(-1).durationMs / 1000, second.at(-1).durationMs / 1000)
  run('down')
} finally {
  rmSync(lab, { recursive: true })
}
