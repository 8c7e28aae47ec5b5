import { z } from 'zod'
import type { Lack } from '../model/task.ts'
import { defineModule, type Module } from '../modules/module.ts'

/** Stands for what hvlab has not: conditions and loops are asked as for every module, and then it fails. */
export function lackingModule({ message, hint }: Lack): Module {
  return defineModule({
    name: 'lacking',
    doc: 'Fails.',
    params: z.unknown(),
    // biome-ignore lint/correctness/useYield: there is nothing to change
    async *run() {
      return {
        failed: {
          ...{ reason: 'module', code: 'lacking', message: `${message}.` },
          ...(hint === undefined ? {} : { hint: `${hint}.` }),
        },
      }
    },
  })
}
