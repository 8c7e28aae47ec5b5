import { execFileSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Event } from '../../src/model/event.ts'
import type { Value, Vars } from '../../src/model/value.ts'
import { limitOf } from '../../src/util/limit.ts'
import { packageRoot } from '../../src/util/package-root.ts'
import { LabFolder } from '../support/lab-folder.ts'

/**
 * Whole playbooks, as Ansible runs them: every task of every host with its state, what it says, and the recap. What ansible-core 2.14.18
 * did with test/cases/playbooks/*.yml is in recorded/. `RECORD_ANSIBLE=1 TAP_TIMEOUT=900` asks the ansible-playbook of this machine anew
 * (then read the diff); without it none is needed.
 */
const folder = join(packageRoot, 'test/cases/playbooks')
const playbooks = readdirSync(folder).filter((name) => name.endsWith('.yml'))

/** Lines by host. */
class Trace {
  readonly #hosts = new Map<string, string[]>()

  add(host: string, task: string, module: string, data: Vars): void {
    if (/^(meta|(include|import)_(tasks|role))$/.test(module)) return
    const line = `${host} | ${task.replace(/^.* : /, '')} | ${said(data, module)}`
    this.#hosts.set(host, [...(this.#hosts.get(host) ?? []), line])
  }

  text(recap: ReadonlyMap<string, Readonly<Record<string, number>>>): string {
    const counts = (host: string) =>
      Object.entries(recap.get(host) ?? {})
        .filter(([, count]) => count > 0)
        .map(([name, count]) => `${name.replace('failures', 'failed')}=${count}`)
        .sort()
        .join(' ')
    return [...this.#hosts.keys()]
      .sort()
      .flatMap((host) => [...(this.#hosts.get(host) ?? []), `${host} | recap | ${counts(host)}`])
      .map((line) => `${line}\n`)
      .join('')
  }
}

t.test('playbooks', async (t) => {
  const lab = new LabFolder(t)
  cpSync(folder, lab.path, { recursive: true })
  const atOnce = limitOf(3)
  const compare = async (playbook: string): Promise<void> => {
    const recorded = join(folder, 'recorded', playbook.replace('.yml', '.txt'))
    const words = optionsOf(playbook)
    if (process.env['RECORD_ANSIBLE'] !== undefined)
      writeFileSync(recorded, asAnsible(lab.path, playbook, words).replaceAll(lab.path, 'LAB'))
    const run = ['run', playbook, '-i', 'hosts.ini', '--format', 'jsonl', ...words]
    const { events, stderr } = await lab.hvlab(run)
    t.equal(asHvlab(events).replaceAll(lab.path, 'LAB') || stderr, readFileSync(recorded, 'utf8'), playbook)
  }
  await Promise.all(playbooks.map((playbook) => atOnce(() => compare(playbook))))
})

/** `# args: …` in the first line. */
function optionsOf(playbook: string): string[] {
  const [, words] = /^# args: (.*)/.exec(readFileSync(join(folder, playbook), 'utf8')) ?? []
  return words?.split(' ') ?? []
}

function said(data: Vars, module: string): string {
  const { results } = data
  if (Array.isArray(results))
    return results
      .map((item) => `(${text((item as Vars)['item'] ?? '')}) ${said(item as Vars, module)}`)
      .join('; ')
  const state = data['failed'] ? 'failed' : data['skipped'] ? 'skipped' : data['changed'] ? 'changed' : 'ok'
  const parts = [
    state,
    ...(module === 'debug' && state === 'ok' ? [text(data['msg'] ?? '')] : []),
    ...(['stdout', 'attempts'] as const).flatMap((key) =>
      data[key] === undefined ? [] : [`${key}=${text(data[key])}`],
    ),
  ]
  return parts.join(' ')
}

function text(value: Value): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function asHvlab(events: readonly Event[]): string {
  const trace = new Trace()
  for (const event of events) {
    if (event.kind === 'task.finished') trace.add(event.host, event.name, event.module, event.data ?? {})
    if (event.kind === 'run.finished')
      return trace.text(new Map(Object.entries(event.recap).map(([host, counts]) => [host, { ...counts }])))
  }
  return ''
}

interface AnsibleOutput {
  readonly plays: readonly { readonly tasks: readonly AnsibleTask[] }[]
  readonly stats: Readonly<Record<string, Readonly<Record<string, number>>>>
}

interface AnsibleTask {
  readonly task: { readonly name: string }
  readonly hosts: Readonly<Record<string, Vars>>
}

function asAnsible(cwd: string, playbook: string, words: readonly string[]): string {
  const env = { ...process.env, ANSIBLE_STDOUT_CALLBACK: 'json', ANSIBLE_DEPRECATION_WARNINGS: '0' }
  const output = ((): string => {
    try {
      return execFileSync('ansible-playbook', ['-i', 'hosts.ini', playbook, ...words], {
        cwd,
        env,
        encoding: 'utf8',
      })
    } catch (error) {
      // Its exit code says that a task failed, as some do.
      return String((error as { readonly stdout?: unknown }).stdout)
    }
  })()
  const { plays, stats } = JSON.parse(output.slice(output.indexOf('{\n'))) as AnsibleOutput
  const trace = new Trace()
  for (const { task, hosts } of plays.flatMap(({ tasks }) => tasks))
    for (const [host, data] of Object.entries(hosts)) trace.add(host, task.name, String(data['action']), data)
  return trace.text(new Map(Object.entries(stats)))
}
