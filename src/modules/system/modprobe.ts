import type { z } from 'zod'
import { kernelModule } from '../../facts/kernel-module.ts'
import { which } from '../../facts/which.ts'
import type { Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { printable } from '../../util/printable.ts'
import { sh } from '../../util/sh.ts'
import { splitWords } from '../command/command-line.ts'
import { lastLines, moduleFailure } from '../failure.ts'
import { defineModule } from '../module.ts'
import { choice, line, parameters, text } from '../params.ts'
import { keepForBoot } from './module-files.ts'

const params = parameters({
  name: text()
    .refine((name) => /^\w[\w-]*$/.test(name), { error: 'must be the name of a module such as kvm_intel' })
    .describe('The module.'),
  state: choice(['present', 'absent']).default('present').describe('Whether it is loaded now.'),
  params: line().default('').describe('Its parameters, as nested=1 ept=0; they count when it is loaded.'),
  persistent: choice(['disabled', 'present', 'absent'])
    .default('disabled')
    .describe(
      'Whether it is loaded at boot, with these parameters: by files in /etc/modules-load.d and /etc/modprobe.d; disabled leaves them alone.',
    ),
})
export type ModprobeParams = z.output<typeof params>

/** Ansible's `modprobe`. */
export const modprobe = defineModule({
  name: 'modprobe',
  aliases: ['community.general.modprobe'],
  doc: 'Loads a module of the kernel or unloads it, now and at boot. One that is loaded keeps its parameters until it is loaded anew.',
  params,
  returns: { name: 'the module', params: 'its parameters', state: 'present or absent' },
  async *run(context, params) {
    const { name, state } = params
    const found = await context.freshFact(kernelModule, name)
    const isThere = found !== 'absent'
    let changed = false
    if (state === 'present' && !isThere) {
      yield* load(context, params)
      changed = true
    }
    if (state === 'absent' && isThere) {
      if (found === 'builtin')
        throw moduleFailure(
          'modprobe-failed',
          `${name} is built into the kernel of ${context.host}: it cannot be unloaded`,
        )
      yield* run(context, `unload the kernel module ${name}`, sh`modprobe -r -- ${name}`)
      changed = true
    }
    if (params.persistent !== 'disabled')
      changed =
        (yield* keepForBoot(context, name, splitWords(params.params), params.persistent === 'present')) ||
        changed
    const data = { name, params: params.params, state }
    return changed ? { data } : { data, why: `the kernel module ${name} is as it should be` }
  },
})

async function* load(context: ModuleContext, { name, params }: ModprobeParams): Steps<void> {
  const words = splitWords(params)
  if (context.check) {
    const tried = await context.run(sh`${programs}modprobe -n -- ${name} ${words}`)
    // An earlier task may be about to install it.
    if (tried.exitCode !== 0)
      context.note(
        'warning',
        tried.exitCode === 127 ? 'modprobe: the host has none yet' : printable(lastLines(tried.stderr, 1)),
      )
  }
  yield* run(
    context,
    `load the kernel module ${[name, ...words].join(' ')}`,
    sh`modprobe -- ${name} ${words}`,
  )
  if (!context.check && (await context.freshFact(kernelModule, name)) === 'absent')
    context.note(
      'warning',
      `modprobe: went well, but ${context.host} has no module ${name} loaded: a file in /etc/modprobe.d may forbid it`,
    )
}

/** An unprivileged user's PATH may lack them. */
const programs = sh`PATH="$PATH:/usr/sbin:/sbin"; `

async function* run(context: ModuleContext, summary: string, command: ReturnType<typeof sh>): Steps<void> {
  const { command: result } = yield { summary, action: sh`${programs}${command}`, allowFailure: true }
  if (result === undefined || result.exitCode === 0) return
  const { modprobe: program } = await context.fact(which, ['modprobe'])
  const said = program
    ? printable(lastLines(result.stderr, 1)) || `exit code ${result.exitCode}`
    : 'there is no modprobe'
  throw moduleFailure(
    'modprobe-failed',
    `could not ${summary} on ${context.host}: ${said}`,
    /in use/.test(said)
      ? 'something uses it: stop that first'
      : /not permitted|Permission denied/.test(said)
        ? 'this needs become: yes; in a container the kernel is its host’s'
        : /not found/.test(said)
          ? 'the kernel that runs may be older than the one that is installed: reboot, or install its modules'
          : program
            ? undefined
            : 'install the package kmod',
  )
}
