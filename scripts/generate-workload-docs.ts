// The page of workloads, made from the schema, the profiles and the files themselves; `generate.ts` writes it.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fewestAdaptiveBlocks } from '../src/bench/narrow-enough.ts'
import { longestTrialS, type Profile, profileNames, profiles } from '../src/bench/profile.ts'
import { placeholders, type Workload, workloadSchema } from '../src/bench/workload-file.ts'
import { parseYaml } from '../src/config/yaml.ts'
import { packageRoot } from '../src/util/package-root.ts'

const introduction = `# Workloads

A workload is one file in \`roles/benchmark/workloads/\`. A lab's own folder comes first, then the package's; a file of the same
name stands in for the package's. The module \`benchmark\` runs workloads by their id:

\`\`\`yaml
- benchmark:
    workloads: [cpu, memory-1k, memory-1m]   # or profile: ${profileNames.join(' | ')}
    blocks: 4
    duration_s: 3
\`\`\`

This page is generated: \`npm run generate\`.
`

const ending = `## How a trial runs

[How it measures](method.md#one-trial) says what a trial is, and what is compared. Trials last at most ${longestTrialS} s: a suspended guest answers no
SSH keepalive.

Files are kept in \`/var/tmp/hvlab-benchmark\` on the hypervisor and in guests. The folder is made before the first trial, where twice the
room that the workloads declare is free, and taken away at the end, also when the benchmark fails or is interrupted. What a killed run left is
taken away by the next. Disk workloads natively measure the file system of \`/var/tmp\`; where guests' disks lie on another one, the
comparison is between the two.

[Network workloads](method.md#the-network) have another end. The namespace \`hvlab-bench\` is made before the first trial and gone after the last. A server
listens on one address while its trial lasts: at TCP port 5201, between two hosts at a free port from 49152 on. Where a firewall of the hypervisor takes
nothing from guests, open that port, or leave \`net-host\` out.

Programs that the hypervisor lacks are installed there (\`install: true\`, as the role \`benchmark\` has it), and copied to guests that lack the same build,
into the same folder and for as long. With \`tools: own\` (\`benchmark_tools\` of the role) every machine measures with what it has; what is missing is an
error then, and the report says where versions or binaries differ.
`

/** The whole page. */
export function workloadDocs(): string {
  return [introduction, profileTable(), workloadTable(), fieldTable(), placeholderTable(), ending].join('\n')
}

function profileTable(): string {
  const rows = Object.entries(profiles).map(([name, profile]) => {
    const { workloads, durationS, about } = profile
    const which = workloads === 'all' ? 'all' : workloads.map(code).join(', ')
    return [code(name), which, `${durationS} s`, endOf(profile), about]
  })
  return `## Profiles\n\n${table(['profile', 'workloads', 'a trial', 'ends', 'for'], rows)}`
}

function endOf({ blocks, precisionPercent, budgetS }: Profile): string {
  if (precisionPercent === null || budgetS === null) return `after ${blocks} blocks`
  const narrow = `for each workload when its interval is no wider than ± ${precisionPercent} %, from ${fewestAdaptiveBlocks} blocks on`
  return `${narrow}; after ${blocks} blocks; after ${budgetS / 60} minutes`
}

function workloadTable(): string {
  const rows = workloads().map(({ id, title, about = '', tool, metrics: [first] }) => [
    code(id),
    title,
    about,
    code(tool),
    first === undefined ? '' : `${first.title}, ${first.unit}`,
  ])
  return `## The workloads that come with hvlab\n\nThe comments in the files say more, of traps above all.\n\n${table(['id', 'title', 'what', 'tool', 'headline'], rows)}`
}

function fieldTable(): string {
  const rows = Object.entries(workloadSchema.shape).map(([name, schema]) => [
    code(name),
    `${schema.description ?? ''}${schema.safeParse(undefined).success ? ' (optional)' : ''}`,
  ])
  const parsers = workloadSchema.shape.parser.options.map(code).join(', ')
  return `## A workload file\n\n${table(['field', 'meaning'], rows)}\nParsers: ${parsers}. What they return stands above each in \`src/bench/parsers/\`.\n`
}

function placeholderTable(): string {
  const rows = Object.entries(placeholders).map(([name, meaning]) => [code(name), meaning])
  return table(['placeholder', 'filled in with'], rows)
}

function workloads(): Workload[] {
  const folder = join(packageRoot, 'roles/benchmark/workloads')
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const document = parseYaml(readFileSync(join(folder, name), 'utf8'), name)
      if (!document.ok) throw new Error(`${name}: ${document.error[0]?.message}`)
      return workloadSchema.parse(document.value.value)
    })
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
  return `${[line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')}\n`
}

const code = (text: string): string => `\`${text}\``
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ').trim()
