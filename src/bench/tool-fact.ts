import { defineFact } from '../facts/fact.ts'
import { readSections, sections } from '../facts/sections.ts'
import { sh } from '../util/sh.ts'
import type { Tool } from './record.ts'

/** A program that measures; null when it is not installed or prints no version. */
export type InstalledTool = Tool | null

/** Asks the tool itself: where it is, its version, the hash of its binary. */
export const installedTool = defineFact<[name: string], InstalledTool>({
  name: 'installed-tool',
  command: (name) =>
    sections({
      path: sh`command -v ${name}`,
      // ping has only -V, OpenSSL before 3.0 only `version`.
      version: sh`LC_ALL=C; export LC_ALL; said=$(${name} --version 2>&1) || said=$(${name} -V 2>&1) || said=$(${name} version 2>&1); echo "$said"`,
      sha256: sh`sha256sum "$(command -v ${name})"`,
    }),
  parse({ stdout }, name) {
    const section = readSections(stdout)
    const path = section('path')
    // iputils count by date.
    const version = section('version').match(/\d+\.\d+(?:\.\d+)*|\b20\d{6}\b/)?.[0]
    if (!path.startsWith('/') || version === undefined) return null
    return { name, version, path, sha256: section('sha256').match(/^[0-9a-f]{64}\b/)?.[0] ?? null }
  },
})
