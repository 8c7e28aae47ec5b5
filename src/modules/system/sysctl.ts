import { z } from 'zod'
import { which } from '../../facts/which.ts'
import type { Steps } from '../../model/change.ts'
import type { Command } from '../../model/command.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { printable } from '../../util/printable.ts'
import { sh } from '../../util/sh.ts'
import { lastLines, moduleFailure } from '../failure.ts'
import { parameterBytes, splitLines } from '../files/edited-lines.ts'
import { hostPath } from '../files/host-path.ts'
import { readHostText, writeHostText } from '../files/host-text.ts'
import { defineModule } from '../module.ts'
import { bool, choice, line, parameters, path } from '../params.ts'

const params = parameters(
  {
    name: z
      .string({ error: 'must be text' })
      .transform((name) => name.trim())
      .refine((name) => /^[\w*][\w./:@*-]*$/.test(name), {
        error: 'must be a name such as net.ipv4.ip_forward',
      })
      .describe('The setting.'),
    value: line().optional().describe('Its value; yes and no are 1 and 0. Needed for state present.'),
    state: choice(['present', 'absent']).default('present').describe('Whether the file has the setting.'),
    sysctl_file: path().default('/etc/sysctl.conf').describe('The file that sets it when the host boots.'),
    sysctl_set: bool().default(false).describe('Set it in the running kernel, too.'),
    reload: bool()
      .default(true)
      .describe('Load the file when it changed, or when the kernel has another value.'),
    ignoreerrors: bool().default(false).describe('Settings that the kernel does not know are no failure.'),
  },
  { aliases: { key: 'name', val: 'value' } },
)
type Params = z.output<typeof params>

/** Ansible's `sysctl`. */
export const sysctl = defineModule({
  name: 'sysctl',
  aliases: ['ansible.posix.sysctl'],
  doc: 'Sets a parameter of the kernel, in a file for the next boot and now. Other lines of the file stay as they are; a setting that is there twice is there once afterwards.',
  params,
  returns: { name: 'the setting', value: 'its value' },
  async *run(context, params) {
    const { name, state } = params
    const value = textOf(params)
    const isUsed = params.reload || params.sysctl_set
    const program = isUsed ? await programOf(context) : ''
    const now = isUsed ? await kernelValue(context, program, name) : ''
    const asked = await hostPath(context, params.sysctl_file)
    const file = await readHostText(context, asked)
    const had = settings(file.text).filter(([key]) => key === parameterBytes(name))
    const inFile = had.at(-1)?.[1] ?? null
    const wanted = state === 'present' ? parameterBytes(value) : null
    const differs = inFile !== wanted
    const isOther = isUsed && state === 'present' && !sameWords(now, value)
    const data = { name, ...(state === 'present' ? { value } : {}) }
    if (!differs && !isOther) return { data, why: `${name} is as it should be` }

    if (params.sysctl_set && isOther)
      yield* execute(
        context,
        `set ${name} to ${value}`,
        sh`${program} ${quiet(params)} -w ${`${name}=${value}`}`,
      )
    if (differs) yield* writeHostText(context, file, edited(file.text, parameterBytes(name), wanted))
    if (params.reload) yield* execute(context, `load ${asked}`, sh`${program} ${quiet(params)} -p ${asked}`)
    return { data }
  },
})

function textOf({ value, state }: Params): string {
  if (state === 'absent') return ''
  const text = value?.trim() ?? ''
  if (text === '')
    throw moduleFailure('invalid-parameter', 'sysctl: value is missing: state present needs it')
  if (/^(yes|on|true|t|y|1)$/i.test(text)) return '1'
  return /^(no|off|false|f|n|0)$/i.test(text) ? '0' : text
}

const quiet = ({ ignoreerrors }: Params): string[] => (ignoreerrors ? ['-e'] : [])

async function programOf(context: ModuleContext): Promise<string> {
  const { sysctl: found } = await context.fact(which, ['sysctl'])
  if (found) return found
  throw moduleFailure(
    'sysctl-failed',
    `${context.host} has no sysctl`,
    'install the package procps, or set reload: no',
  )
}

/** Empty when the kernel does not know it. */
async function kernelValue(context: ModuleContext, program: string, name: string): Promise<string> {
  const { exitCode, stdout } = await context.run(sh`${program} -e -n ${name}`)
  return exitCode === 0 ? stdout : ''
}

function sameWords(a: string, b: string): boolean {
  return a.trim().split(/\s+/).join(' ') === b.trim().split(/\s+/).join(' ')
}

/** `key = value` lines. Source: sysctl.conf(5). */
function settings(text: string): [key: string, value: string][] {
  return splitLines(text).flatMap((line) => setting(line) ?? [])
}

function setting(line: string): [[string, string]] | null {
  const text = line.trim()
  const at = text.indexOf('=')
  return at === -1 || /^[#;]/.test(text) ? null : [[text.slice(0, at).trim(), text.slice(at + 1).trim()]]
}

/** The first line of the setting has the value, later ones go; null takes all of them away. */
function edited(text: string, name: string, value: string | null): string {
  let isSet = value === null
  const lines = splitLines(text).flatMap((line) => {
    if (setting(line)?.[0][0] !== name) return [line]
    if (isSet) return []
    isSet = true
    return [`${name}=${value}\n`]
  })
  if (isSet) return lines.join('')
  const end = lines.length > 0 && !text.endsWith('\n') ? '\n' : ''
  return `${lines.join('')}${end}${name}=${value}\n`
}

/** sysctl says some errors with exit code 0. */
async function* execute(context: ModuleContext, summary: string, command: Command): Steps<void> {
  const { command: result } = yield { summary, action: command, allowFailure: true }
  if (result === undefined) return
  if (
    result.exitCode === 0 &&
    !/setting key ".*": (Invalid argument|Read-only file system)/.test(result.stderr)
  )
    return
  throw moduleFailure(
    'sysctl-failed',
    `could not ${summary} on ${context.host}: ${printable(lastLines(result.stderr, 1))}`,
    /cannot stat|No such file|unknown key/.test(result.stderr)
      ? 'the kernel does not know it: load its module first (modprobe), or set ignoreerrors: yes'
      : undefined,
  )
}
