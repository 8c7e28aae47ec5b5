import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { exits } from '../support/hvlab-process.ts'
import { LabFolder } from '../support/lab-folder.ts'
import { missingForLab } from '../support/requirements.ts'
import { sandboxNeeds, sandboxStatus } from '../support/sandbox.ts'

/** `hvlab role test`: roles on fresh sandbox hosts, twice, then their own checks. */
const minutes = 60_000
const skip = missingForLab(sandboxNeeds) ?? false

const files = {
  'roles/greeting/tasks/main.yml': `- name: the greeting
  copy: { content: "hello {{ who }}\\n", dest: /etc/greeting, mode: "0644" }
  notify: told
`,
  'roles/greeting/handlers/main.yml': `- name: told
  command: touch /run/told
`,
  'roles/greeting/tasks/verify.yml': `- name: what it says
  command: cat /etc/greeting
  register: greeting
  changed_when: false
- assert: { that: greeting.stdout == "hello " + who }
`,
  'roles/clock/tasks/main.yml': `- name: the time is in a file
  shell: date >/run/clock
  notify: tell
`,
  'roles/clock/handlers/main.yml': `- name: tell
  command: "true"
`,
  'roles/clock/tasks/verify.yml': '- command: test -s /run/clock\n',
  'roles/promise/tasks/main.yml': '- debug: { msg: tomorrow }\n',
  'roles/promise/tasks/verify.yml': '- fail: { msg: nothing was done }\n',
}

t.test('hvlab role test', { skip }, async (t) => {
  const lab = new LabFolder(t)
  for (const [file, text] of Object.entries(files)) {
    const path = join(lab.path, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }

  // What a test that was killed left.
  for (const host of await left(t, lab))
    exits(t, await lab.hvlab(['sandbox', 'down', '--name', host.split(' ')[0] ?? ''], minutes), 0)

  await t.test('a role that does what it says, on two hosts', async (t) => {
    const run = await lab.hvlab(
      ['role', 'test', 'greeting', '--hosts', '2', '-e', 'who=you', '--format', 'plain'],
      5 * minutes,
    )
    exits(t, run, 0)
    const counts = [...run.stdout.matchAll(/^node\d : ok=(\d+) +changed=(\d+)/gm)].map(
      ([, ok, changed]) => `${ok} ${changed}`,
    )
    // Facts, the file and its handler; facts and the file; facts and two tasks of verify.yml.
    t.same(counts, ['3 2', '3 2', '2 0', '2 0', '3 0', '3 0'])
    t.match(run.stderr, /The role greeting passed: its second run changed nothing\.\n$/)
    t.same(await left(t, lab), [])
  })

  await t.test('the role hypervisor, on an older and a newer Debian at once', async (t) => {
    const run = await lab.hvlab(
      ['role', 'test', 'hypervisor', '--hosts', '2', '--release', 'debian-11,debian-13', '--format', 'plain'],
      10 * minutes,
    )
    exits(t, run, 0)
    t.match(run.stderr, /The role hypervisor passed: its second run changed nothing\.\n$/)
    t.same(await left(t, lab), [])
  })

  await t.test('a second run that changes something: the tasks are named', async (t) => {
    const run = await lab.hvlab(['role', 'test', 'clock', '--format', 'plain'], 5 * minutes)
    exits(t, run, 2)
    t.match(
      run.stderr,
      'error: The second run of the role clock changed something: node1: clock : the time is in a file; node1: clock : tell.\n' +
        '  hint: Let these tasks ask first whether there is something to do; for a command that only asks: changed_when: false.\n',
    )
    t.notMatch(run.stderr, /verify/)
    t.same(await left(t, lab), [])
  })

  await t.test('its own checks fail; --keep leaves the hosts', async (t) => {
    const run = await lab.hvlab(['role', 'test', 'promise', '--keep', '--format', 'json'], 5 * minutes)
    exits(t, run, 2)
    t.same(JSON.parse(run.stdout), {
      exit_code: 2,
      diagnostics: [{ severity: 'error', code: 'asked-to-fail', message: 'node1: nothing was done' }],
    })
    t.match(
      run.stderr,
      /hvlab sandbox shell node1 --name role-promise, then hvlab sandbox down --name role-promise/,
    )
    t.same(await left(t, lab), ['role-promise node1 running'])
    exits(t, await lab.hvlab(['sandbox', 'down', '--name', 'role-promise'], minutes), 0)
  })

  await t.test('a role of the package', async (t) => {
    const run = await lab.hvlab(['role', 'test', 'image_builder', '--format', 'plain'], 10 * minutes)
    exits(t, run, 0)
  })
})

/** Hosts of the roles' sandboxes. */
async function left(t: Parameters<typeof sandboxStatus>[0], lab: LabFolder): Promise<string[]> {
  const hosts = await sandboxStatus(t, lab)
  return hosts
    .filter(({ sandbox }) => sandbox.startsWith('role-'))
    .map(({ sandbox, host, state }) => `${sandbox} ${host} ${state}`)
}
