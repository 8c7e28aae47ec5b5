import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FailureError } from '../../model/failure.ts'
import { roleFile } from '../../plan/role-files.ts'
import { findRole } from '../../plan/search-path.ts'
import { suggestion } from '../../util/did-you-mean.ts'

/** The runs of a role's test, in order. Each is a run of its own, as when people run a playbook a second time. */
export type TestStep = 'converge' | 'repeat' | 'verify'

/** Which runs there are; a role without tasks/verify.yml has no third. Throws `role-unknown`. */
export function stepsOfTest(role: string, searchPath: readonly string[]): TestStep[] {
  const found = findRole(role, searchPath)
  if (!found.ok) {
    const { known, lookedIn } = found.error
    throw new FailureError({
      reason: 'config',
      code: 'role-unknown',
      message: `there is no role "${role}"`,
      hint: [suggestion(role, known), `looked in ${lookedIn.join(', ')}`].filter(Boolean).join(' '),
    })
  }
  const verifies = roleFile(found.value, 'tasks', 'verify') !== undefined
  return ['converge', 'repeat', ...(verifies ? (['verify'] as const) : [])]
}

/** Writes the pipeline of one run below the folder; YAML reads JSON. Returns the file. */
export function writePlay(folder: string, role: string, step: TestStep): string {
  const head = { name: step, hosts: 'all', become: true }
  const stage =
    step === 'verify'
      ? { ...head, tasks: [{ name: `verify ${role}`, import_role: { name: role, tasks_from: 'verify' } }] }
      : { ...head, roles: [role] }
  const file = join(folder, `${step}.yml`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    file,
    `${JSON.stringify({ name: `Role ${role}: ${words[step]}`, stages: [stage] }, null, 2)}\n`,
  )
  return file
}

const words: Readonly<Record<TestStep, string>> = {
  converge: 'first run',
  repeat: 'second run, which may change nothing',
  verify: 'its own checks',
}

/** Lower-case letters, digits and dashes, at most 30, as names of sandboxes are. */
export function sandboxOfRole(role: string): string {
  const slug = role.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  return `role-${slug}`.slice(0, 30).replace(/-+$/, '')
}
