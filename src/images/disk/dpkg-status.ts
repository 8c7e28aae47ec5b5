import type { Manifest } from '../manifest.ts'

/** Installed packages out of dpkg's status file (paragraphs of `Name: value` lines, as in Debian policy 5.1). */
export function installedPackages(status: string): Manifest['packages'] {
  return status
    .split(/\n\n+/)
    .flatMap((paragraph) => {
      const value = (field: string): string | undefined =>
        new RegExp(`^${field}: (.*)$`, 'm').exec(paragraph)?.[1]?.trim()
      const [name, version, architecture] = [value('Package'), value('Version'), value('Architecture')]
      const installed = / installed$/.test(value('Status') ?? '')
      return installed && name && version && architecture ? [{ name, version, architecture }] : []
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}
