import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pLimit from 'p-limit'
import t from 'tap'
import { packageRoot } from '../../src/util/package-root.ts'
import { atEnd } from '../support/cleanup.ts'
import { hvlab } from '../support/hvlab-process.ts'
import { fleetEvents, MeasuredLab } from '../support/measured-lab.ts'
import { readTextCases, updateTextCases } from '../support/text-cases.ts'

/*
 * compare, gate, calibrate, history and export through the real command, on run folders: test/cases/verdicts/commands.txt
 * holds each command with its exit code and all that it says. UPDATE_CASES=1 accepts what they say now.
 */

t.setTimeout(300_000)

const file = join(packageRoot, 'test/cases/verdicts/commands.txt')

t.test('commands', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hvlab-verdicts-'))
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }))
  const lab = join(folder, 'lab')
  const empty = join(folder, 'empty')
  const broken = join(folder, 'broken')
  const changed = join(folder, 'changed')
  const small = join(folder, 'small')
  const old = join(folder, 'old')
  const noisy = join(folder, 'noisy')
  const pairs = join(folder, 'pairs')
  const kept = join(folder, 'kept')
  const odd = join(folder, 'odd')
  fill(new MeasuredLab(lab))
  fillPairs(new MeasuredLab(pairs))
  fillOdd(new MeasuredLab(odd))
  fillBroken(new MeasuredLab(broken))
  await withoutJournal(broken, '06-results')
  fillChanged(new MeasuredLab(changed))
  fillOld(new MeasuredLab(old))
  for (const day of ['01', '02', '03', '04', '05'])
    new MeasuredLab(noisy).run(day, {}, (text) =>
      text.replaceAll('"flags":[]', '"flags":["host-other-work"]'),
    )
  for (const day of ['01', '02']) new MeasuredLab(small).run(day, { blocks: 1 })
  new MeasuredLab(kept).run('01')
  await withoutJournal(kept, '02-results')
  new MeasuredLab(empty).file('lab.txt', '')
  const places: Readonly<Record<string, string>> = {
    'in an empty lab': empty,
    'in a broken lab': broken,
    'in a changed lab': changed,
    'in a small lab': small,
    'in an old lab': old,
    'in a noisy lab': noisy,
    'in a lab of two guests': pairs,
    'in a kept lab': kept,
    'in an odd lab': odd,
  }
  // What later commands read.
  const cases = readTextCases(file)
  const calibrating = 'hvlab calibrate --from 01 02 03 04 05 06 07 08 09 10'
  const calibrated = await say(lab, calibrating)
  const limit = pLimit(2)
  const said = new Map(
    await Promise.all(
      cases.map(({ title, sections }) =>
        limit(async (): Promise<[string, string]> => {
          const words = sections.get('command')?.trim() ?? ''
          const [place = ''] = [...sections.keys()].filter((name) => name.startsWith('in '))
          const cwd = places[place] ?? lab
          return [title, words === calibrating ? calibrated : await say(cwd, words)]
        }),
      ),
    ),
  )
  if (process.env['UPDATE_CASES'] === '1') updateTextCases(file, said)
  for (const { title, expect } of cases) t.equal(said.get(title), expect, title)

  /** Exit code, stdout, and stderr where there is any. */
  async function say(cwd: string, command: string): Promise<string> {
    const [, ...args] = command.split(' ')
    const { exitCode, stdout, stderr } = await hvlab(args, { cwd })
    const text = `exit ${exitCode}\n${stdout}${stderr === '' ? '' : `stderr:\n${stderr}`}`
    return text.replaceAll(folder, '').replaceAll('\r', '').replace(/\n+$/, '')
  }
})

/** Ten days of the same, then the same again, a slower guest after a new kernel, and runs that cannot be compared. */
function fill(lab: MeasuredLab): void {
  for (let day = 1; day <= 10; day++) lab.run(String(day).padStart(2, '0'))
  lab.run('11-same')
  lab.run('12-slower', { level: 0.9, kernel: 'Linux 6.1.0-43-amd64' })
  lab.run('13-slower', { level: 0.9, kernel: 'Linux 6.1.0-43-amd64' })
  lab.run('15-undecided', { level: 0.965 })
  lab.run('16-few-blocks', { blocks: 3 })
  lab.run('17-faster', { level: 1.2 })
  lab.run('18-other-cpu', {}, (text) => text.replaceAll('AMD EPYC 7B13', 'AMD EPYC 9B14'))
  lab.run('19-longer', {}, (text) => text.replaceAll('"duration_s":3', '"duration_s":10'))
  lab.run('20-cpu-only', {}, (text) =>
    text
      .split('\n')
      .filter((line) => !line.includes('"workload":"memory-'))
      .join('\n'),
  )
  // A killed run's last line.
  lab.run('21-cut', {}, (text) => text.slice(0, -40))
  // The kernel of the guest trusted its clock no longer.
  lab.run('24-other-clock', {}, (text) =>
    text
      .split('\n')
      .map((line) =>
        /"block":[456]\b/.test(line) ? line.replace('"clocksource":"hpet"', '"clocksource":"acpi_pm"') : line,
      )
      .join('\n'),
  )
  lab.events('22-fleet', fleetEvents())
  lab.events('23-fleet-faster', fleetEvents(1.05))
}

function fillBroken(lab: MeasuredLab): void {
  lab.run('01')
  lab.run('02-damaged', {}, (text) => text.replace('"channel":"sample"', '"channel":"sam\n'))
  // What may be left of a run.
  lab.file('results/03-empty/journal.jsonl', '')
  lab.file('results/04-torn/journal.jsonl', '{"kind":"run.sta')
  lab.file('results/05-nothing/report.html', '<html>')
  lab.file('results.json', '{"format": "something-else"}')
  lab.file('calibration.json', '{"format": "hvlab-calibration", "format_version": 1, "hosts": {"a": 1}}')
}

/** A run whose reports were kept, and nothing else. */
async function withoutJournal(lab: string, name: string): Promise<void> {
  new MeasuredLab(lab).run(name)
  await hvlab(['report', name], { cwd: lab })
  rmSync(join(lab, 'results', name, 'journal.jsonl'))
}

/** It was calibrated before a gate's false alarms were shared out among its metrics. */
function fillOld(lab: MeasuredLab): void {
  for (const day of ['01', '02']) lab.run(day)
  lab.events('03-fleet', fleetEvents(1))
  const tolerances = { 'cpu.efficiency': 0.04, 'memory-1k.efficiency': 0.04, 'memory-1m.efficiency': 0.04 }
  const host = { runs: ['00'], cpu: 'AMD EPYC 7B13', blocks: 4, duration_s: 3, tolerances }
  const hosts = Object.fromEntries([1, 2, 3, 4].map((node) => [`node-${node}`, host]))
  lab.file('calibration.json', JSON.stringify({ format: 'hvlab-calibration', format_version: 1, hosts }))
}

/** Guests of one run share their native trials. */
function fillPairs(lab: MeasuredLab): void {
  const guests = { guests: ['one', 'two'], levels: { two: 0.97 } }
  lab.run('01', { ...guests, blocks: 8 })
  lab.run('02-few', { ...guests, blocks: 5 })
}

/** Runs that a runner of a CI may hold against each other by mistake. */
function fillOdd(lab: MeasuredLab): void {
  lab.run('01')
  lab.run('02-one-block', { blocks: 1 })
  lab.run('03-other-host', { hypervisor: 'node-9' })
  lab.run('04-other-unit', {}, (text) => text.replaceAll('"unit":"events/s"', '"unit":"events/min"'))
  lab.run('05-other-way-round', {}, (text) => text.replaceAll('"better":"higher"', '"better":"lower"'))
  lab.run('06-two-guests', { guests: ['debian-1', 'debian-2'] })
  lab.run('07-nothing', {}, (text) => text.replaceAll(/"metrics":\{"(\w+)":[\d.]+\}/g, '"metrics":{"$1":0}'))
  for (const [name, text] of Object.entries({
    empty: '',
    array: '[]',
    text: 'hello',
    newer: '{"format": "hvlab-results", "format_version": 2}',
  }))
    lab.file(`${name}.json`, text)
}

/** A kernel made guests slower on the seventh, and nobody noticed. */
function fillChanged(lab: MeasuredLab): void {
  for (let day = 1; day <= 12; day++) {
    const slower = day < 7 ? {} : { level: 0.93, kernel: 'Linux 6.1.0-43-amd64' }
    lab.run(String(day).padStart(2, '0'), slower)
  }
}
