import type { Location } from '../model/location.ts'

/** Where a YAML node stands in its file, kept beside the value so that later mistakes can be located. */
export interface YamlNode {
  readonly kind: 'map' | 'list' | 'scalar'
  /** Offsets in the text, end exclusive; of a collection its first character. */
  readonly start: number
  readonly end: number
  /** Children by key or index. */
  readonly children: ReadonlyMap<string | number, YamlChild>
  /** Number of nodes below, aliases expanded: bounds what a reader of the value has to walk. */
  readonly size: number
}

export interface YamlChild {
  readonly keyStart: number
  readonly keyEnd: number
  readonly value: YamlNode
}

export type Path = readonly (string | number)[]

/** Offsets of a key or value; what the path does not reach is located at its nearest ancestor. */
export function findRange(root: YamlNode, path: Path, what: 'key' | 'value'): { start: number; end: number } {
  let node = root
  let range = { start: root.start, end: root.end }
  for (const [index, segment] of path.entries()) {
    const child = childOf(node, segment)
    if (!child) return range
    const isLast = index === path.length - 1
    const byKey = child.keyStart >= 0 && ((isLast && what === 'key') || child.value.start < 0)
    range = byKey
      ? { start: child.keyStart, end: child.keyEnd }
      : { start: child.value.start, end: child.value.end }
    node = child.value
  }
  return range
}

/** A key that a merge (`<<: *base`) brought is found where it was written. */
function childOf(node: YamlNode, segment: string | number): YamlChild | undefined {
  const own = node.children.get(segment)
  if (own || node.kind !== 'map') return own ?? node.children.get(Number(segment))
  const merged = node.children.get('<<')?.value
  if (!merged) return undefined
  const sources =
    merged.kind === 'list' ? [...merged.children.values()].map((child) => child.value) : [merged]
  for (const source of sources) {
    const found = childOf(source, segment)
    if (found) return found
  }
  return undefined
}

/** Turns offsets of one text into lines and columns from 1; the line starts are found once. */
export class LineIndex {
  readonly #file: string
  readonly #text: string
  #starts: number[] | undefined

  readonly #padded: ReadonlySet<number>
  readonly #padding: number

  /** @param padded Lines, from 0, whose first `padding` blanks are not in the file. */
  constructor(file: string, text: string, padded: ReadonlySet<number> = new Set(), padding = 0) {
    this.#file = file
    this.#text = text
    this.#padded = padded
    this.#padding = padding
  }

  locate(start: number, end: number): Location {
    const starts = this.#lineStarts()
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] ?? 0) <= start) low = middle
      else high = middle - 1
    }
    const lineStart = starts[low] ?? 0
    const lineEnd = (starts[low + 1] ?? this.#text.length + 1) - 1
    const length = Math.max(1, Math.min(end, lineEnd) - start)
    const column = start - lineStart + 1 - (this.#padded.has(low) ? this.#padding : 0)
    return { file: this.#file, line: low + 1, column: Math.max(1, column), length }
  }

  #lineStarts(): number[] {
    if (!this.#starts) {
      this.#starts = [0]
      for (let at = this.#text.indexOf('\n'); at >= 0; at = this.#text.indexOf('\n', at + 1)) {
        this.#starts.push(at + 1)
      }
    }
    return this.#starts
  }
}
