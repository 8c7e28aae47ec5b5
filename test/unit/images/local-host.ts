import { openConnection } from '../../../src/connections/open.ts'
import type { HostAccess } from '../../../src/model/host-access.ts'
import { defined } from '../../../src/util/defined.ts'

/** This machine, as modules reach it, without an engine around it. */
export async function openLocalHost(): Promise<HostAccess & AsyncDisposable> {
  const connection = await openConnection({ kind: 'local', host: 'localhost', shellPath: '/bin/sh' })
  return {
    run: (command, options) =>
      connection.run(command, defined({ onOutput: options?.onOutput, onSent: options?.onSent })),
    fact: async (fact, ...args) => fact.parse(await connection.run(fact.command(...args)), ...args),
    freshFact: async (fact, ...args) => fact.parse(await connection.run(fact.command(...args)), ...args),
    put: (content, path, options) => connection.put(content, path, options),
    get: (path) => connection.get(path),
    connection: async () => connection,
    [Symbol.asyncDispose]: () => connection.close(),
  }
}
