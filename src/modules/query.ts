import type { ZodType, z } from 'zod'
import type { ModuleResult, Steps } from '../model/change.ts'
import type { ModuleContext } from '../model/module-context.ts'
import type { Vars } from '../model/value.ts'
import type { Module } from './module.ts'

interface Query<Schema extends ZodType> extends Omit<Module<Schema>, 'run'> {
  answer(context: ModuleContext, params: z.output<Schema>): Promise<ModuleResult> | ModuleResult
}

/** A module that changes nothing on a host: it looks, waits, or sets something inside the run. */
export function defineQuery<Schema extends ZodType>({ answer, ...module }: Query<Schema>): Module<Schema> {
  return { ...module, run: (context, params) => withoutChanges(() => answer(context, params)) }
}

/** What a module that gathers facts answers: variables of the host, by the names that they have in Ansible. */
export function gathered(facts: Vars): ModuleResult {
  return { data: { ansible_facts: facts }, effects: { facts }, changed: false, why: 'facts change nothing' }
}

async function* withoutChanges(answer: () => Promise<ModuleResult> | ModuleResult): Steps {
  yield* []
  return await answer()
}
