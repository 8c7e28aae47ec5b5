import type { Tool } from '../../bench/record.ts'
import { type InstalledTool, installedTool } from '../../bench/tool-fact.ts'
import type { Workload } from '../../bench/workload-file.ts'
import type { Steps } from '../../model/change.ts'
import { FailureError } from '../../model/failure.ts'
import type { HostAccess } from '../../model/host-access.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { compareDottedVersions } from '../../util/dotted-version.ts'
import { sh } from '../../util/sh.ts'
import { apt } from '../packages/apt.ts'

/** A program that the chosen workloads run, and the oldest version that all of them can use. */
export interface ToolNeed {
  readonly name: string
  readonly atLeast: string | null
  /** Debian's. */
  readonly package: string
}

export function toolNeeds(workloads: readonly Workload[]): ToolNeed[] {
  const needs = new Map<string, ToolNeed>()
  for (const { tool: name, tool_at_least: wanted, package: from = name } of workloads) {
    const known = needs.get(name)?.atLeast ?? null
    const higher = wanted !== undefined && (known === null || compareDottedVersions(wanted, known) > 0)
    needs.set(name, { name, atLeast: higher ? wanted : known, package: from })
  }
  return [...needs.values()]
}

/**
 * Installs the packages of the tools that the hypervisor lacks; whether there were any. Names of packages are Debian's, so that
 * elsewhere the lack is left to be told.
 */
export async function* installTools(context: ModuleContext, needs: readonly ToolNeed[]): Steps<boolean> {
  const found = await toolsOf(context, needs)
  const missing = needs.filter((_, index) => found[index] === null)
  if (missing.length === 0) return false
  if ((await context.run(sh`command -v apt-get`)).exitCode !== 0) return false
  const name = [...new Set(missing.map((need) => need.package))]
  yield* apt.run(context, apt.params.parse({ name, install_recommends: false }))
  return true
}

/** One after the other: they share a machine whose answer may be emulated. Null for one that is not there. */
export async function toolsOf(
  access: HostAccess,
  wanted: readonly { readonly name: string }[],
): Promise<InstalledTool[]> {
  const found: InstalledTool[] = []
  for (const { name } of wanted) found.push(await access.freshFact(installedTool, name))
  return found
}

/** The tools as a machine has them. Throws `benchmark-tool-missing` or `benchmark-tool-too-old` for the first that will not do. */
export async function findTools(
  access: HostAccess,
  name: string,
  needs: readonly ToolNeed[],
): Promise<Tool[]> {
  const found = await toolsOf(access, needs)
  return needs.map((need, index) => {
    const tool = found[index] ?? null
    if (tool === null) throw toolMissing(name, need.name, need.package)
    if (need.atLeast !== null && compareDottedVersions(tool.version, need.atLeast) < 0)
      throw tooOld(name, tool, need.atLeast)
    return tool
  })
}

export function toolMissing(name: string, tool: string, packageName = tool): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'benchmark-tool-missing',
    message: `${tool} is not installed on ${name}.`,
    hint: `Install the package ${packageName} there; for a guest, add it to the image.`,
  })
}

function tooOld(name: string, { name: tool, version }: Tool, atLeast: string): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'benchmark-tool-too-old',
    message: `${tool} ${version} on ${name} is too old.`,
    hint: `Its figures cannot be compared with those of newer versions: install ${tool} ${atLeast} or later.`,
  })
}
