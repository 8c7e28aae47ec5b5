import type { Tool } from '../../bench/record.ts'
import { installedTool } from '../../bench/tool-fact.ts'
import type { Workload } from '../../bench/workload-file.ts'
import { FailureError } from '../../model/failure.ts'
import { compareDottedVersions } from '../../util/dotted-version.ts'
import type { HostAccess } from '../module.ts'

/** A program that the chosen workloads run, and the oldest version that all of them can use. */
export interface ToolNeed {
  readonly name: string
  readonly atLeast: string | null
}

export function toolNeeds(workloads: readonly Workload[]): ToolNeed[] {
  const needs = new Map<string, string | null>()
  for (const { tool, tool_at_least: wanted } of workloads) {
    const known = needs.get(tool) ?? null
    const higher = wanted !== undefined && (known === null || compareDottedVersions(wanted, known) > 0)
    needs.set(tool, higher ? wanted : known)
  }
  return [...needs].map(([name, atLeast]) => ({ name, atLeast }))
}

/** The tools as a machine has them. Throws `benchmark-tool-missing` or `benchmark-tool-too-old` for the first that will not do. */
export async function findTools(
  access: HostAccess,
  name: string,
  needs: readonly ToolNeed[],
): Promise<Tool[]> {
  const found = await Promise.all(needs.map((need) => access.freshFact(installedTool, need.name)))
  return needs.map((need, index) => {
    const tool = found[index] ?? null
    if (tool === null) throw toolMissing(name, need.name)
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
