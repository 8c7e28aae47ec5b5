import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { changedTasks } from '../support/events.ts'
import { endsWell, exits } from '../support/hvlab-process.ts'
import { LabFolder } from '../support/lab-folder.ts'
import { processes } from '../support/processes.ts'
import { missingForLab } from '../support/requirements.ts'
import { Sandbox, sandboxNeeds } from '../support/sandbox.ts'
import { tool } from '../support/tool.ts'

/** Throw-away hosts as a command: made, reached, found again after their files and runs are gone, removed. */
const minutes = 60_000
const skip = missingForLab(sandboxNeeds) ?? false

t.test('hvlab sandbox: two hosts and nothing left of them', { skip }, async (t) => {
  const lab = new LabFolder(t)
  const sandbox = new Sandbox(t, lab)
  const own = ['--name', sandbox.name]
  const hosts = await sandbox.up(2)
  if (!t.passing()) return

  const said = await lab.hvlab(['exec', 'hypervisors', '-a', 'uname -n'])
  exits(t, said, 0)
  t.match(said.stdout, /node1 \| CHANGED \| rc=0 >>\nnode1\n/)
  t.match(said.stdout, /node2 \| CHANGED \| rc=0 >>\nnode2\n/)
  t.notMatch(said.stderr, /new host key/, 'the keys are known before the first contact')

  const shell = await lab.hvlab(['sandbox', 'shell', 'node2', ...own, '--', 'uname -n; exit 7'])
  exits(t, shell, 7)
  t.equal(shell.stdout, 'node2\n')

  const up = ['sandbox', 'up', '--hosts', '2', ...own, '--format', 'jsonl']
  const again = await lab.hvlab(up, minutes)
  endsWell(t, again)
  t.same(changedTasks(again.events), [], 'a second run changes nothing')

  const states = async () => (await sandbox.status()).map(({ host, state }) => `${host} ${state}`)
  t.same(await states(), ['node1 running', 'node2 running'])

  const third = ['sandbox', 'up', '--hosts', '3', ...own, '--format', 'jsonl']
  for (const one of await Promise.all([lab.hvlab(third, minutes), lab.hvlab(third, minutes)]))
    endsWell(t, one)
  t.same(await states(), ['node1 running', 'node2 running', 'node3 running'], 'two at once make one')

  await hosts[0]?.run(failingUnits)
  while ((await sandbox.status()).every(({ state }) => state === 'running')) await delay(500)
  const record = `/var/lib/hvlab/sandbox/hosts/${sandbox.name}/node1/host.json`
  const whole = readFileSync(record)
  writeFileSync(record, whole.subarray(0, 40))
  const damaged = await lab.hvlab(['sandbox', 'up', '--hosts', '2', ...own, '--format', 'plain'], minutes)
  exits(t, damaged, 2)
  t.match(damaged.stderr, `The record of the sandbox host node1 is damaged: ${record}: it is not JSON.`)
  writeFileSync(record, whole)
  const boot = await lab.hvlab(['sandbox', 'up', '--hosts', '2', ...own, '--format', 'plain'], minutes)
  exits(t, boot, 0)
  const advice = 'see `hvlab sandbox shell node1 -- systemctl status broken.service`'
  t.match(`${boot.stdout}${boot.stderr}`, `node1: broken.service failed; ${advice}`)

  const down = ['sandbox', 'down', ...own, '--format', 'jsonl']
  endsWell(t, await lab.hvlab(down, minutes))
  t.same(remains(sandbox.name), [], 'no process, mount, bridge, rule or file is left')
  t.notOk(existsSync(join(lab.path, 'inventory')), 'nor the inventory')
  const second = await lab.hvlab(down, minutes)
  endsWell(t, second)
  t.same(changedTasks(second.events), [])
})

/** One that fails as units do now and then where control groups are of version 1, at its first start only; and one that is broken. */
const failingUnits = `cd /etc/systemd/system && printf '%s\\n' '[Service]' Type=oneshot RemainAfterExit=yes 'ExecStart=/root/late' '[Install]' WantedBy=multi-user.target >late.service
sed s,/root/late,/bin/false, late.service >broken.service
printf '%s\\n' '#!/bin/sh' '[ -e /root/once ] || { : >/root/once; exit 219; }' >/root/late && chmod +x /root/late
systemctl enable -q late broken && systemd-run -q --on-active=1 systemctl poweroff --force`

function remains(name: string): string[] {
  const label = `hvlab-sandbox:${name}`
  const places = {
    mounts: readFileSync('/proc/self/mounts', 'utf8'),
    bridges: tool('ip', ['-d', 'link', 'show', 'type', 'bridge']).stdout,
    filter: tool('iptables', ['-w', '-S']).stdout,
    nat: tool('iptables', ['-w', '-t', 'nat', '-S']).stdout,
  }
  return [
    ...Object.entries(places).flatMap(([place, text]) => (text.includes(label) ? [place] : [])),
    ...(existsSync(`/var/lib/hvlab/sandbox/hosts/${name}`) ? ['files'] : []),
    ...processes().flatMap(({ commandLine }) =>
      commandLine.includes(`"sandbox":"${name}"`) ? ['processes'] : [],
    ),
  ]
}
