import { readFileSync, writeFileSync } from 'node:fs'

/** A case of a text file: `=== title`, then sections `--- name` with their text; the section `expect` is the result. */
export interface TextCase {
  readonly title: string
  readonly sections: ReadonlyMap<string, string>
  readonly expect: string
}

export function readTextCases(file: string): TextCase[] {
  return readFileSync(file, 'utf8')
    .split(/^=== /m)
    .slice(1)
    .map((block) => {
      const [title = '', ...rest] = block.split('\n')
      const parts = rest.join('\n').split(/^--- /m).slice(1)
      const all = new Map(
        parts.map((part): [string, string] => {
          const end = part.indexOf('\n')
          return [part.slice(0, end).trim(), part.slice(end + 1)]
        }),
      )
      const expect = (all.get('expect') ?? '').replace(/\n+$/, '')
      all.delete('expect')
      return { title, sections: all, expect }
    })
}

/** `UPDATE_CASES=1` writes the results into the file, to be read with care in the diff. */
export function updateTextCases(file: string, results: ReadonlyMap<string, string>): void {
  const head = readFileSync(file, 'utf8').split(/^=== /m)[0] ?? ''
  const blocks = readTextCases(file).map(({ title, sections, expect }) => {
    const parts = [...sections].map(([name, text]) => `--- ${name}\n${text}`)
    return `=== ${title}\n${parts.join('')}--- expect\n${results.get(title) ?? expect}\n\n`
  })
  writeFileSync(file, `${head}${blocks.join('').trimEnd()}\n`)
}
