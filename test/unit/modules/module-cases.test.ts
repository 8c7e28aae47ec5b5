import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { currentText } from '../../../scripts/generate.ts'
import { moduleDocs } from '../../../scripts/generate-module-docs.ts'
import { parseYaml } from '../../../src/config/yaml.ts'
import type { Change } from '../../../src/model/change.ts'
import type { Command, CommandResult } from '../../../src/model/command.ts'
import type { Fact } from '../../../src/model/fact.ts'
import { FailureError } from '../../../src/model/failure.ts'
import type { HostAccess } from '../../../src/model/host-access.ts'
import type { Value, Vars } from '../../../src/model/value.ts'
import { findModule } from '../../../src/modules/registry.ts'
import { packageRoot } from '../../../src/util/package-root.ts'
import { renderMasked } from '../../../src/util/sh.ts'
import { type ContextOptions, contextAround, drive } from '../../support/module-harness.ts'

/** test/cases/modules/<module>.yml: a list of these. */
interface Case extends ContextOptions {
  readonly title: string
  readonly params: Vars
  /** Answers of facts: name → value, or a list of values for one question after the other (the last one stays). */
  readonly facts?: Readonly<Record<string, Value | { readonly answers: readonly Value[] }>>
  /** Content of files on the host. */
  readonly files?: Readonly<Record<string, string>>
  /** Answers of commands: the first whose pattern matches. Without one, exit code 0 and no output. */
  readonly commands?: readonly {
    readonly match: string
    readonly stdout?: string
    readonly stderr?: string
    readonly exitCode?: number
    readonly truncated?: boolean
  }[]
  readonly changes?: readonly string[]
  /** Every command that was run for a change, secrets as ***. */
  readonly ran?: readonly string[]
  readonly stdin?: readonly string[]
  /** Files written: path → content, and with a mode when the case names one. */
  readonly written?: Readonly<Record<string, Value>>
  readonly why?: string
  readonly skipped?: string
  readonly data?: Vars
  readonly changed?: boolean
  readonly effects?: Vars
  readonly failure?: string
  readonly hint?: string
  readonly said?: readonly string[]
}

const root = join(packageRoot, 'test/cases/modules')

async function check(t: Test, name: string, found: Case): Promise<void> {
  const module = findModule(name)
  if (module === undefined) throw new Error(`no module ${name}`)
  const host = new ScriptedHost(found)
  const context = { ...contextAround(host.access(), found), changed: () => undefined }
  const changes: Change[] = []
  try {
    const { result } = await drive(module, found.params, context, changes)
    t.same(result.failed?.message, found.failure, `${found.title}: failed`)
    t.equal(result.why, found.why, `${found.title}: why`)
    t.equal(result.skipped, found.skipped, `${found.title}: skipped`)
    if (changes.length === 0 && !result.failed && result.changed !== true) {
      t.ok(result.why ?? result.skipped, `${found.title}: nothing was done, and why is said`)
    }
    if (found.changed !== undefined) t.equal(result.changed, found.changed, `${found.title}: changed`)
    if (found.data !== undefined) t.match(result.data, found.data, `${found.title}: data`)
    if (found.effects !== undefined) t.same(result.effects, found.effects, `${found.title}: effects`)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    if (found.failure === undefined) throw error
    t.equal(message, found.failure, `${found.title}: failure`)
    if (found.hint !== undefined) {
      t.equal(
        error instanceof FailureError ? error.failure.hint : undefined,
        found.hint,
        `${found.title}: hint`,
      )
    }
  }
  t.same(
    changes.map(({ summary }) => summary),
    found.changes ?? [],
    `${found.title}: changes`,
  )
  if (found.ran !== undefined) t.same(host.ran, found.ran, `${found.title}: commands`)
  if (found.stdin !== undefined) t.same(host.stdin, found.stdin, `${found.title}: stdin`)
  if (found.written !== undefined) t.same(host.written, found.written, `${found.title}: files`)
  if (found.said !== undefined) t.same(context.said, found.said, `${found.title}: notes`)
}

/** Answers from the case; a question that the case does not foresee is an error of the case. */
class ScriptedHost {
  readonly ran: string[] = []
  readonly stdin: string[] = []
  readonly written: Record<string, Value> = {}
  readonly #found: Case
  readonly #asked = new Map<string, number>()

  constructor(found: Case) {
    this.#found = found
  }

  access(): HostAccess {
    const answer = (name: string): unknown => {
      const given = this.#found.facts?.[name]
      if (given === undefined) throw new Error(`the case has no answer for the fact ${name}`)
      if (typeof given !== 'object' || given === null || !('answers' in given)) return given
      const answers = given['answers'] as readonly Value[]
      const nth = this.#asked.get(name) ?? 0
      this.#asked.set(name, nth + 1)
      return answers[Math.min(nth, answers.length - 1)]
    }
    return {
      run: async (command) => this.#run(command),
      fact: async <Args extends readonly unknown[], T>(fact: Fact<Args, T>, ..._args: Args) =>
        answer(fact.name) as T,
      freshFact: async <Args extends readonly unknown[], T>(fact: Fact<Args, T>, ..._args: Args) =>
        answer(fact.name) as T,
      put: async (content, path, options) => {
        const text = content instanceof Uint8Array ? Buffer.from(content).toString('utf8') : content.file
        const mode = options?.mode?.toString(8) ?? 'none'
        this.written[path.replace(/hvlab-[0-9a-f]+/, 'hvlab-X')] = {
          mode,
          text,
          ...(options?.owner === undefined ? {} : { owner: options.owner }),
        }
      },
      get: async (path) => {
        const text = this.#found.files?.[path]
        if (text === undefined) throw new Error(`the case has no file ${path}`)
        return Buffer.from(text)
      },
      connection: async () => {
        throw new Error('the case has no connection')
      },
    }
  }

  #run(command: Command): CommandResult {
    const plain = (text: string): string => text.replace(/hvlab-(?:[0-9a-f]{24}|[0-9a-f]{12})/g, 'hvlab-X')
    const text = plain(renderMasked(command))
    this.ran.push(text)
    if (command.stdin !== undefined) this.stdin.push(plain(String(command.stdin)))
    const known = this.#found.commands?.find(({ match }) => text.includes(match))
    return {
      exitCode: known?.exitCode ?? 0,
      stdout: known?.stdout ?? '',
      stderr: known?.stderr ?? '',
      durationMs: 1250,
      truncated: known?.truncated ?? false,
    }
  }
}

for (const file of readdirSync(root).sort()) {
  const name = file.replace(/\.yml$/, '')
  t.test(`module ${name}`, async (t) => {
    const path = join(root, file)
    const parsed = parseYaml(readFileSync(path, 'utf8'), path)
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
    for (const found of parsed.value.value as unknown as readonly Case[]) await check(t, name, found)
  })
}

t.test('docs/modules.md is in step with the modules', async (t) => {
  t.ok(currentText('docs/modules.md') === moduleDocs(), 'else: npm run generate')
})
