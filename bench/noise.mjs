#!/usr/bin/env node
// Is a busy neighbour that comes during a trial caught? Native trials, with and without one, in turn. Exit code 1 when one was
// missed. `node bench/noise.mjs [ROUNDS]`.
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { tsImport } from 'tsx/esm/api'

const { clockDrift, driftFlags, noiseFlags, otherWorkFlags } = await tsImport(
  '../src/bench/gates.ts',
  import.meta.url,
)
const { difference, noiseBetween } = await tsImport('../src/bench/noise.ts', import.meta.url)
const { MarkWatch, splitTrial, trialScript } = await tsImport('../src/bench/trial-script.ts', import.meta.url)
const { renderCommand, sh } = await tsImport('../src/util/sh.ts', import.meta.url)

const rounds = Number(process.argv[2] ?? 20)
const cpus = availableParallelism()
/** Seconds: of a trial, until the neighbour comes, and how long it stays. */
const [trialS, afterS, staysS] = [1.5, 0.4, 0.7]
const spin = 'while :; do :; done'

/** Where the neighbour works. The trial has the first CPU. */
const neighbours = {
  nobody: [],
  'on its CPU': [0],
  'on another CPU': cpus > 1 ? [1] : undefined,
  'on every CPU': Array.from({ length: cpus }, (_, cpu) => cpu),
}

function start(words) {
  return spawn(words[0], words.slice(1), { stdio: ['ignore', 'pipe', 'ignore'] })
}

async function trial(places) {
  const argv = ['timeout', String(trialS), 'sh', '-c', spin]
  const command = renderCommand(trialScript({ argv, confine: sh`taskset -c 0` }))
  const marks = new MarkWatch()
  const child = start(['/bin/sh', '-c', command])
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
    marks.onOutput('stdout', text)
  })
  const ended = new Promise((resolve) => child.on('close', resolve))
  await delay(afterS * 1000)
  for (const cpu of places) start(['timeout', String(staysS), 'taskset', '-c', String(cpu), 'sh', '-c', spin])
  await ended
  const output = splitTrial(stdout)
  if (output === null) throw new Error(`a trial's output was cut:\n${stdout}`)
  const noise = noiseBetween(output.before, output.after)
  const ownS = difference(output.before.childrenS, output.after.childrenS)
  return [
    ...noiseFlags(noise, trialS, 'host', false),
    ...otherWorkFlags(noise, ownS, trialS, 'host'),
    ...driftFlags(clockDrift(noise.elapsed_s, marks.elapsedS())),
  ]
}

const kinds = Object.entries(neighbours).filter(([, places]) => places !== undefined)
const found = new Map(kinds.map(([name]) => [name, []]))
for (let round = 0; round < rounds; round++)
  for (const [name, places] of kinds) found.get(name).push(await trial(places))

let missed = 0
console.log('neighbour           contaminated   gates that failed')
for (const [name, trials] of found) {
  const caught = trials.filter((flags) => flags.length > 0).length
  if (name !== 'nobody') missed += rounds - caught
  const gates = [...new Set(trials.flat())].map(
    (flag) => `${flag} ${trials.filter((flags) => flags.includes(flag)).length}`,
  )
  console.log(`${name.padEnd(18)}  ${`${caught} of ${rounds}`.padEnd(13)}  ${gates.join(', ') || '—'}`)
}
process.exitCode = missed > 0 ? 1 : 0
