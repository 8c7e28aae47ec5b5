import { z } from 'zod'
import { defineModule, type Module } from '../../src/modules/module.ts'
import { bool, list, mode, parameters, path, text } from '../../src/modules/params.ts'
import { moduleRegistry } from '../../src/modules/registry.ts'

/** Three modules with the parameters that the cases are about; none of them is run. */
export const testModules = moduleRegistry([
  inert({
    name: 'copy',
    doc: 'Copies.',
    params: parameters(
      {
        src: path().optional(),
        content: text().optional(),
        dest: path(),
        mode: mode().optional(),
        force: bool().default(true),
      },
      { aliases: { destination: 'dest' } },
    ),
  }),
  inert({ name: 'command', doc: 'Runs.', freeForm: 'cmd', params: commandParams(), rawParams: [] }),
  inert({ name: 'shell', doc: 'Runs.', freeForm: 'cmd', params: commandParams() }),
  inert({
    name: 'debug',
    doc: 'Says.',
    params: parameters({ msg: text().optional(), var: text().optional() }),
  }),
  inert({ name: 'apt', aliases: ['package'], doc: 'Installs.', params: parameters({ name: list() }) }),
  inert({ name: 'set_fact', doc: 'Sets.', params: z.record(z.string(), z.json()) }),
])

function commandParams() {
  return parameters({
    cmd: text().optional(),
    argv: list().optional(),
    chdir: path().optional(),
    creates: path().optional(),
  })
}

function inert(module: Omit<Module, 'run'>): Module {
  return defineModule({
    ...module,
    // biome-ignore lint/correctness/useYield: nothing is ever run
    async *run() {
      throw new Error(`${module.name} is only for compiling`)
    },
  })
}
