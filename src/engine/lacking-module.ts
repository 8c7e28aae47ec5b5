import { z } from 'zod'
import type { Lack } from '../model/task.ts'
import type { Module } from '../modules/module.ts'
import { defineQuery } from '../modules/query.ts'

/** Stands for what hvlab has not: conditions and loops are asked as for every module, and then it fails. */
export function lackingModule({ message, hint }: Lack): Module {
  return defineQuery({
    name: 'lacking',
    doc: 'Fails.',
    params: z.unknown(),
    answer: () => ({
      failed: {
        ...{ reason: 'module', code: 'lacking', message: `${message}.` },
        ...(hint === undefined ? {} : { hint: `${hint}.` }),
      },
    }),
  })
}
