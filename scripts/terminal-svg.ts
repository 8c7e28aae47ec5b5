// Lines with colour sequences, as a terminal shows them → SVG. Every run of one style stands at its own column, so that the
// columns hold whatever monospaced font the reader has.

/** One moment of a terminal. */
export interface Screen {
  readonly title: string
  /** Painted lines; longer ones are wrapped as a terminal does. */
  readonly lines: readonly string[]
}

interface Span {
  readonly text: string
  readonly column: number
  readonly look: string
}

const size = { font: 14, column: 8.43, line: 20, padding: 18, title: 30 } as const
const colors = { back: '#14171c', bar: '#20252d', text: '#d7dce4', title: '#8b95a3' } as const

/** SGR codes that hvlab's painter uses, and what undoes each. */
const looks: Readonly<Record<string, string>> = {
  '1': 'bold',
  '2': 'dim',
  '31': 'red',
  '32': 'green',
  '33': 'yellow',
  '35': 'magenta',
  '36': 'cyan',
}

const style = `text{font:${size.font}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:${colors.text};white-space:pre}
.title{fill:${colors.title};font-family:system-ui,sans-serif;font-size:13px}
.bold{font-weight:700}.dim{fill:#8f98a6}.red{fill:#f2777a}.green{fill:#8fd694}.yellow{fill:#f0c674}.magenta{fill:#d4a0e8}.cyan{fill:#78d0d8}`

/** The screens one below the other, each in a window of its own. */
export function terminalSvg(screens: readonly Screen[], columns: number): string {
  const width = Math.ceil(columns * size.column + 2 * size.padding)
  let top = 0
  const windows = screens.map(({ title, lines }) => {
    const rows = lines.flatMap((line) => wrap(spansOf(line), columns))
    const height = size.title + rows.length * size.line + 2 * size.padding - 8
    const window = windowSvg(title, rows, { top, width, height })
    top += height + 14
    return window
  })
  const height = top - 14
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<title>A terminal: ${escaped(screens.map(({ title }) => title).join(', '))}</title>
<style>${style}</style>
${windows.join('\n')}
</svg>
`
}

function windowSvg(
  title: string,
  rows: readonly (readonly Span[])[],
  { top, width, height }: { readonly top: number; readonly width: number; readonly height: number },
): string {
  const texts = rows.flatMap((row, index) => {
    const y = top + size.title + size.padding + index * size.line + 10
    return row.filter(({ text }) => text.trim() !== '').map((span) => spanSvg(span, y))
  })
  return `<rect y="${top}" width="${width}" height="${height}" rx="8" fill="${colors.bar}"/>
<path d="M0 ${top + size.title}h${width}v${height - size.title - 8}a8 8 0 0 1-8 8h-${width - 16}a8 8 0 0 1-8-8z" fill="${colors.back}"/>
<text class="title" x="${width / 2}" y="${top + 20}" text-anchor="middle">${escaped(title)}</text>
${texts.join('\n')}`
}

function spanSvg({ text, column, look }: Span, y: number): string {
  const lead = text.length - text.trimStart().length
  const shown = text.trim()
  const x = (size.padding + (column + lead) * size.column).toFixed(1)
  const length = ([...shown].length * size.column).toFixed(1)
  const looked = look === '' ? '' : ` class="${look}"`
  return `<text${looked} x="${x}" y="${y}" textLength="${length}">${escaped(shown)}</text>`
}

/** Styled runs of a painted line. One column a character. */
function spansOf(line: string): Span[] {
  const spans: Span[] = []
  const on = new Set<string>()
  let column = 0
  for (const token of line.match(/\u001b\[[0-9;]*m|[^\u001b]+/g) ?? []) {
    if (!token.startsWith('\u001b')) {
      spans.push({ text: token, column, look: [...on].join(' ') })
      column += [...token].length
      continue
    }
    for (const code of token.slice(2, -1).split(';')) {
      const look = looks[code]
      if (look !== undefined) on.add(look)
      else if (code === '22') for (const one of ['bold', 'dim']) on.delete(one)
      else if (code === '39') for (const one of ['red', 'green', 'yellow', 'magenta', 'cyan']) on.delete(one)
      else on.clear()
    }
  }
  return spans
}

/** Rows of at most so many columns. */
function wrap(spans: readonly Span[], columns: number): Span[][] {
  const rows: Span[][] = [[]]
  for (const { text, column, look } of spans) {
    for (const [index, character] of [...text].entries()) {
      const at = column + index
      const row = Math.floor(at / columns)
      rows[row] ??= []
      const last = rows[row].at(-1)
      if (last && last.look === look)
        rows[row][rows[row].length - 1] = { ...last, text: last.text + character }
      else rows[row].push({ text: character, column: at % columns, look })
    }
  }
  return rows
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
