import type { InstallerEvent } from './installer-event.ts'

/** A step in the words of the installer, else by the end of its name; one short line. */
export function stepText(event: InstallerEvent): string {
  const own = event.description.split('\n')[0]?.trim() ?? ''
  const text = own === '' ? (event.name.split('/').at(-1) ?? event.name) : own
  return text.length > 100 ? `${text.slice(0, 99)}…` : text
}
