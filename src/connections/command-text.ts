import type { Command } from '../model/command.ts'
import { FailureError } from '../model/failure.ts'
import { quote, renderCommand } from '../util/sh.ts'
import { badVariable, commandTooLong } from './command-failures.ts'
import { maxCommandBytes } from './shell-protocol.ts'

/** Environment and folder become part of the text, because they have to survive sudo. */
export function commandText(command: Command): string {
  const exports = Object.entries(command.env ?? {}).map(([name, value]) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new FailureError(badVariable(name))
    return `export ${name}=${quote(value)}\n`
  })
  const folder = command.cwd === undefined ? '' : `cd -- ${quote(command.cwd)} || exit 1\n`
  const text = `${exports.join('')}${folder}${renderCommand(command)}`
  if (Buffer.byteLength(text) > maxCommandBytes)
    throw new FailureError(commandTooLong(command, Buffer.byteLength(text), maxCommandBytes))
  return text
}
