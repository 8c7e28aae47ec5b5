import type { Diagnostic } from './diagnostic.ts'
import type { LineIndex, YamlChild, YamlNode } from './yaml-node.ts'

/** A document may not expand to more nodes than this through aliases. */
const maxNodes = 1_000_000

interface Range {
  readonly start: number
  readonly end: number
}

interface OpenNode {
  readonly kind: 'map' | 'list'
  readonly start: number
  readonly end: number
  readonly children: Map<string | number, YamlChild>
  size: number
}

interface Frame {
  /** Absent for the document itself. */
  readonly node?: OpenNode
  readonly anchor?: string
  key?: Range & { text: string }
}

/** Builds the positions of a document from the parser's events, and finds duplicate keys and alias bombs on the way. */
export class YamlTreeBuilder {
  readonly diagnostics: Diagnostic[] = []
  root: YamlNode = { kind: 'scalar', start: 0, end: 0, children: new Map(), size: 1 }
  readonly #lines: LineIndex
  readonly #frames: Frame[] = []
  readonly #anchors = new Map<string, YamlNode | 'open'>()
  readonly #mostDocuments: number
  #documents = 0

  constructor(lines: LineIndex, mostDocuments: number) {
    this.#lines = lines
    this.#mostDocuments = mostDocuments
  }

  openDocument(): void {
    this.#documents += 1
    this.#anchors.clear()
    this.#frames.push({})
  }

  open(kind: 'map' | 'list', start: number, anchor: string | undefined): void {
    if (anchor !== undefined) this.#anchors.set(anchor, 'open')
    const node: OpenNode = { kind, start, end: start + 1, children: new Map(), size: 1 }
    this.#frames.push({ node, ...(anchor === undefined ? {} : { anchor }) })
  }

  close(): void {
    const closed = this.#frames.pop()
    if (!closed?.node) return
    if (closed.anchor !== undefined) this.#anchors.set(closed.anchor, closed.node)
    this.#place(closed.node)
  }

  /** `keyText`: the text that stands for the scalar when it is a key. An empty scalar has the range -1. */
  scalar(range: Range, keyText: string, anchor: string | undefined): void {
    const node: YamlNode = { kind: 'scalar', ...range, children: new Map(), size: 1 }
    if (anchor !== undefined) this.#anchors.set(anchor, node)
    this.#place(node, keyText)
  }

  alias(name: string, range: Range): void {
    const target = this.#anchors.get(name)
    if (target === 'open') {
      this.complain('yaml-syntax', `*${name} refers to a value that contains it`, range)
    }
    if (target === undefined || target === 'open') {
      this.#place({ kind: 'scalar', ...range, children: new Map(), size: 1 }, `*${name}`)
    } else {
      this.#place({ ...target, ...range }, `*${name}`)
    }
  }

  finish(): void {
    if (this.root.size <= maxNodes) return
    this.complain(
      'yaml-syntax',
      `the file expands to more than ${maxNodes} values through its aliases`,
      this.root,
    )
  }

  complain(code: string, message: string, range: Range, hint?: string): void {
    const location = this.#lines.locate(range.start, range.end)
    this.diagnostics.push({ severity: 'error', code, message, location, ...(hint ? { hint } : {}) })
  }

  #place(node: YamlNode, keyText?: string): void {
    const frame = this.#frames.at(-1)
    if (!frame?.node) this.#placeRoot(node)
    else if (frame.node.kind === 'list') {
      this.#grow(frame.node, node)
      frame.node.children.set(frame.node.children.size, { keyStart: -1, keyEnd: -1, value: node })
    } else if (frame.key) {
      const { key } = frame
      delete frame.key
      this.#placePair(frame.node, key, node)
    } else {
      if (keyText === undefined) {
        const hint = 'a value that starts with {{ must be quoted: "{{ name }}"'
        this.complain('yaml-syntax', 'a key must be text, not a map or a list', node, hint)
      }
      frame.key = { text: keyText ?? `?${node.start}`, start: node.start, end: node.end }
    }
  }

  #placeRoot(node: YamlNode): void {
    if (this.#documents <= this.#mostDocuments) this.root = node
    else {
      this.complain(
        'yaml-syntax',
        'the file has more than one YAML document',
        node,
        'keep one document in a file',
      )
    }
  }

  #placePair(map: OpenNode, key: Range & { text: string }, value: YamlNode): void {
    this.#grow(map, value)
    const first = map.children.get(key.text)
    if (first && key.text !== '<<') {
      const { line } = this.#lines.locate(first.keyStart, first.keyEnd)
      const message = `the key "${key.text}" is already given on line ${line}`
      this.complain('yaml-duplicate-key', message, key, 'remove one of the two')
      return
    }
    map.children.set(key.text, { keyStart: key.start, keyEnd: key.end, value })
  }

  #grow(parent: OpenNode, child: YamlNode): void {
    parent.size = Math.min(parent.size + child.size, maxNodes + 1)
  }
}
