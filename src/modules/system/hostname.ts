import { fileStat } from '../../facts/file-stat.ts'
import { identity } from '../../facts/identity.ts'
import { serviceManager } from '../../facts/service-manager.ts'
import type { Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { printable } from '../../util/printable.ts'
import { sh } from '../../util/sh.ts'
import { lastLines, moduleFailure } from '../failure.ts'
import { writeFile } from '../files/written-file.ts'
import { defineModule } from '../module.ts'
import { choice, parameters, text } from '../params.ts'

const file = '/etc/hostname'

/** Ansible's `hostname`. */
export const hostname = defineModule({
  name: 'hostname',
  doc: 'Sets the name of the host, now and for the next boot: with hostnamectl where systemd runs, else in /etc/hostname. It leaves /etc/hosts alone.',
  params: parameters({
    name: text()
      // hostname(7); Linux keeps 64 characters.
      .refine(
        (name) =>
          name.length <= 64 &&
          /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(name),
        {
          error: 'must be a host name of at most 64 letters, digits, hyphens and dots',
        },
      )
      .describe('The name, with or without a domain.'),
    use: choice(['systemd', 'debian', 'generic'])
      .optional()
      .describe('How: systemd with hostnamectl, the others with /etc/hostname. Default: what the host has.'),
  }),
  returns: {
    name: 'the name',
    ansible_facts:
      'ansible_hostname, ansible_nodename, ansible_fqdn and ansible_domain, also known to later tasks',
  },
  async *run(context, { name, use }) {
    const now = (await context.freshFact(identity)).nodename
    const there = await context.freshFact(fileStat, file, { follow: true, checksum: 'sha1' })
    const kept =
      there === null
        ? ''
        : Buffer.from(await context.get(file))
            .toString('utf8')
            .trim()
    if (now === name && kept === name)
      return { ...(await result(context, name)), why: `the host is called ${name}` }
    const usesSystemd = use === undefined ? (await context.fact(serviceManager)).systemd : use === 'systemd'
    const before = now === name ? kept : now
    const diff = { before: `hostname = ${printable(before)}\n`, after: `hostname = ${name}\n` }
    if (usesSystemd) yield* set(`call the host ${name}`, sh`hostnamectl set-hostname -- ${name}`, diff)
    else {
      if (kept !== name)
        yield* writeFile(
          context,
          { path: there?.realPath ?? file, content: Buffer.from(`${name}\n`), attributes: {} },
          there,
        )
      if (now !== name)
        yield* set(
          `call the host ${name}`,
          sh`hostname -- ${name} || printf %s ${name} >/proc/sys/kernel/hostname`,
          diff,
        )
    }
    return await result(context, name)
  },
})

async function* set(
  summary: string,
  command: ReturnType<typeof sh>,
  diff: { before: string; after: string },
): Steps<void> {
  const { command: done } = yield { summary, diff, action: command, allowFailure: true }
  if (done === undefined || done.exitCode === 0) return
  const said = printable(lastLines(done.stderr, 1))
  throw moduleFailure(
    'hostname-failed',
    `could not ${summary}: ${said || `exit code ${done.exitCode}`}`,
    done.exitCode === 127
      ? 'set use: debian'
      : /denied|permitted|authentication|Permission/i.test(said)
        ? 'this needs become: yes'
        : undefined,
  )
}

/** In a check run the names that it would have. */
async function result(context: ModuleContext, name: string) {
  const { fqdn } = await context.freshFact(identity)
  const full = fqdn === name || fqdn.startsWith(`${name}.`) ? fqdn : name
  const facts = {
    ansible_hostname: name.split('.')[0] ?? name,
    ansible_nodename: name,
    ansible_fqdn: full,
    ansible_domain: full.split('.').slice(1).join('.'),
  }
  return { data: { name, ansible_facts: facts }, ...(context.check ? {} : { effects: { facts } }) }
}
