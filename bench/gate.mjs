#!/usr/bin/env node
// Real gates: the same lab measured again and again, each run held against the one before with the noise of all others; then
// with the guest's vCPUs held to a share of a CPU by libvirt's quota. Exit code 1 when one of the same is called a regression, or
// the slowed guest is not.
// node bench/gate.mjs [LAB [RUNS [QUOTA-PERCENT]]]; runs that LAB has already are used. Needs root and `npm run build`.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const hvlab = join(dirname(dirname(fileURLToPath(import.meta.url))), 'bin/hvlab.mjs')
const lab = process.argv[2] ?? mkdtempSync(join(tmpdir(), 'hvlab-gate-'))
const wanted = Number(process.argv[3] ?? 10)
const quota = Number(process.argv[4] ?? 80)
const domain = 'hvlab-guest1'
// One workload, short trials, many blocks: what a gate needs is blocks.
const design = { benchmark_workloads: ['cpu'], benchmark_blocks: 8, benchmark_duration_s: 1 }

function run(args, codes = [0]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [hvlab, ...args], {
    cwd: lab,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (!codes.includes(status)) throw new Error(`hvlab ${args.join(' ')} ended with ${status}\n${stderr}`)
  return stdout
}

/** The runs of the lab that have results, oldest first: the same ones, then the one that was slowed. */
const runs = () =>
  existsSync(join(lab, 'results'))
    ? readdirSync(join(lab, 'results'))
        .filter((name) => existsSync(join(lab, 'results', name, 'results.json')))
        .sort()
    : []

const extra = process.env.HVLAB_STORE ? { hvlab_store: process.env.HVLAB_STORE } : {}
const up = (vars = {}) =>
  run(['up', 'quick', '-e', JSON.stringify({ ...design, ...extra, ...vars }), '--format', 'plain'])
const setQuota = (value) =>
  execFileSync('virsh', ['schedinfo', domain, '--live', '--set', `vcpu_quota=${value}`], { stdio: 'ignore' })

/** The verdict on `name` against `baseline`, with tolerances from `others`. */
function gate(baseline, name, others) {
  rmSync(join(lab, 'calibration.json'), { force: true })
  run(['calibrate', '--from', ...others])
  const verdict = JSON.parse(run(['gate', '--baseline', baseline, name, '--format', 'json'], [0, 3, 5]))
  const [{ change, tolerance }] = verdict.measures
  const percent = (ratio) => `${((ratio - 1) * 100).toFixed(1)} %`
  const interval = change.low === undefined ? '—' : `${percent(change.low)} … ${percent(change.high)}`
  console.log(
    `${name} against ${baseline}: ${percent(change.centre)} (${interval}), tolerance ${(tolerance * 100).toFixed(1)} %: ${verdict.verdict}`,
  )
  return verdict.verdict
}

mkdirSync(lab, { recursive: true })
while (runs().length < wanted) up()
const same = runs().slice(0, wanted)
const verdicts = same.map((name, index) => {
  const baseline = same.at(index - 1)
  return gate(
    baseline,
    name,
    same.filter((other) => other !== name && other !== baseline),
  )
})
if (runs().length === wanted) {
  // A guest that others removed meanwhile is deployed again before its quota can be set.
  up({ benchmark_blocks: 1 })
  rmSync(join(lab, 'results', runs().at(-1)), { recursive: true })
  // Microseconds of each 100 ms, for each vCPU.
  setQuota(quota * 1000)
  up()
  setQuota(-1)
}
const slowed = gate(same.at(-1), runs().at(-1), same)
const count = (word) => verdicts.filter((verdict) => verdict === word).length
console.log(
  `the same: ${count('pass')} pass, ${count('inconclusive')} inconclusive, ${count('regression')} false alarms of ${verdicts.length}; quota ${quota} %: ${slowed}`,
)
process.exitCode = count('regression') > 0 || slowed !== 'regression' ? 1 : 0
