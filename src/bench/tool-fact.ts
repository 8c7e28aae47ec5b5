import { defineFact } from '../facts/fact.ts'
import { readSections, sections } from '../facts/sections.ts'
import type { Command } from '../model/command.ts'
import { sh } from '../util/sh.ts'
import type { Tool } from './record.ts'

/** A program that measures; null when it is not installed or prints no version. */
export type InstalledTool = Tool | null

/** Prints the path. The parts of GCC that others start (cc1) are on no PATH: cpp(1) knows where they are. */
const where = (name: string): Command =>
  sh`command -v ${name} || command -v "$(cpp -print-prog-name=${name} 2>/dev/null)"`

/** Prints what has the version in it. ping has only -V, OpenSSL before 3.0 only `version`; cc1 says it of a compilation, here of nothing. */
export const askVersion = (tool: Command): Command =>
  sh`said=$(${tool} --version 2>&1 </dev/null) || said=$(${tool} -V 2>&1) || said=$(${tool} version 2>&1)
[ -n "$said" ] || said=$(${tool} -quiet -version -o /dev/null 2>&1 </dev/null); echo "$said"`

/** Asks the tool itself: where it is, its version, the hash of its binary. */
export const installedTool = defineFact<[name: string], InstalledTool>({
  name: 'installed-tool',
  command: (name) =>
    sections({
      path: sh`tool=$(${where(name)}); echo "$tool"`,
      version: sh`LC_ALL=C; export LC_ALL; ${askVersion(sh`"$tool"`)}`,
      sha256: sh`sha256sum "$tool"`,
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
