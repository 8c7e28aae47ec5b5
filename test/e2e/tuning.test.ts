import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { atEnd } from '../support/cleanup.ts'
import { changedTasks, ofKind } from '../support/events.ts'
import { endsWell } from '../support/hvlab-process.ts'
import { LabFolder } from '../support/lab-folder.ts'
import { must, tool } from '../support/tool.ts'

/** The role tuning on this machine's own kernel: set, set again, given back. */
const thp = '/sys/kernel/mm/transparent_hugepage/enabled'
const ksm = '/sys/kernel/mm/ksm/run'
const record = '/var/lib/hvlab/tuning'
const skip = [thp, ksm].every(isWritable) ? false : `${thp} or ${ksm} cannot be written here`

t.test('the role tuning', { skip }, async (t) => {
  const before = [chosen(thp), chosen(ksm)]
  atEnd(t, () => {
    writeFileSync(thp, before[0] ?? '')
    writeFileSync(ksm, before[1] ?? '')
    rmSync(record, { force: true })
  })
  const lab = new LabFolder(t)
  const play = '- hosts: localhost\n  become: true\n  gather_facts: false\n  roles: [tuning]\n'
  writeFileSync(join(lab.path, 'site.yml'), play)
  const run = async (...variables: readonly string[]) => {
    const given = variables.flatMap((variable) => ['-e', variable])
    const result = await lab.hvlab(['run', 'site.yml', '-i', 'localhost,', '--format', 'jsonl', ...given])
    endsWell(t, result)
    return result.events
  }
  const other = before[0] === 'never' ? 'always' : 'never'
  const wanted = [`tuning_thp=${other}`, `tuning_ksm=${before[1] === '0'}`]

  const first = await run(...wanted)
  t.match(
    ofKind(first, 'note').map(({ text }) => text),
    [new RegExp(`^transparent huge pages: ${before[0]} \\(of `)],
    'the host’s settings are shown',
  )
  t.equal(ofKind(first, 'task.change').filter(({ summary }) => summary.startsWith('set ')).length, 2)
  t.same([chosen(thp), chosen(ksm)], [other, before[1] === '0' ? '1' : '0'])
  t.same(changedTasks(await run(...wanted)), [], 'a second run changes nothing')
  t.ok(existsSync(record))

  await run()
  t.same([chosen(thp), chosen(ksm)], before, 'given back')
  t.notOk(existsSync(record))
  atBoot(t, other)
})

/** systemd-tmpfiles reads such lines as they are meant; that it does so at boot is systemd's. */
function atBoot(t: Test, value: string): void {
  if (tool('systemd-tmpfiles', ['--version']).status !== 0) return
  const folder = mkdtempSync(join(tmpdir(), 'hvlab-test-'))
  atEnd(t, () => rmSync(folder, { recursive: true }))
  const file = join(folder, 'hvlab.conf')
  writeFileSync(file, `w ${thp} - - - - ${value}\n`)
  must('systemd-tmpfiles', ['--create', file])
  t.equal(chosen(thp), value, 'at boot')
}

function chosen(file: string): string {
  const text = readFileSync(file, 'utf8').trim()
  return /\[(\w+)\]/.exec(text)?.[1] ?? text
}

function isWritable(file: string): boolean {
  try {
    accessSync(file, constants.W_OK)
    return true
  } catch {
    return false
  }
}
