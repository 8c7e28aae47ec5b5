import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { splitWords } from '../../src/config/inventory-ini.ts'
import { packageRoot } from '../../src/util/package-root.ts'

/** A fenced block. After its language may stand `file=path` (where readers put it) and `same-as=path`. */
export interface Block {
  readonly language: string
  readonly attributes: Readonly<Record<string, string>>
  readonly text: string
}

/** A page that people read. */
export interface Document {
  /** Relative to the repository. */
  readonly file: string
  readonly text: string
  readonly blocks: readonly Block[]
}

/** README.md and docs/, the generated pages too. */
export function readDocuments(): Document[] {
  const pages = readdirSync(join(packageRoot, 'docs')).filter((name) => name.endsWith('.md'))
  return ['README.md', ...pages.map((name) => `docs/${name}`)].map((file) => {
    const text = readFileSync(join(packageRoot, file), 'utf8')
    return { file, text, blocks: blocksOf(text) }
  })
}

function blocksOf(text: string): Block[] {
  return [...text.matchAll(/^```(\S+)(.*)\n([\s\S]*?)^```$/gm)].map(
    ([, language = '', rest = '', body = '']) => ({
      language,
      attributes: Object.fromEntries(
        rest
          .split(' ')
          .filter(Boolean)
          .map((word) => word.split('=', 2) as [string, string]),
      ),
      text: body,
    }),
  )
}

/** The commands of a page's `sh` blocks as words, comments left out. */
export function commandsOf({ blocks }: Document): string[][] {
  return blocks
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.split('\n'))
    .map((line) => {
      const words = splitWords(line)
      if (!words.ok) throw new Error(`${line}: ${words.error}`)
      return words.value
    })
    .filter((words) => words.length > 0)
}
