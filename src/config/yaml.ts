import {
  boolYaml11Tag,
  constructFromEvents,
  defineMappingTag,
  defineScalarTag,
  EVENT_ID,
  type Event,
  floatYaml11Tag,
  getScalarValue,
  intYaml11Tag,
  mapTag,
  mergeTag,
  NOT_RESOLVED,
  nullYaml11Tag,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
  type ScalarTagDefinition,
  Schema,
  seqTag,
  strTag,
  YAMLException,
} from 'js-yaml'
import type { Location } from '../model/location.ts'
import type { Value } from '../model/value.ts'
import { err, ok, type Result } from '../util/result.ts'
import type { Diagnostic } from './diagnostic.ts'
import { findRange, LineIndex, type Path, type YamlNode } from './yaml-node.ts'
import { YamlTreeBuilder } from './yaml-tree.ts'

/** A YAML file that was read: its plain value, and where each part of it stands. */
export interface YamlDocument {
  readonly file: string
  readonly text: string
  readonly value: Value
  /** Where a key or a value stands; what the path does not reach is located at its nearest ancestor. */
  locate(path: Path, what?: 'key' | 'value'): Location
}

const maxAliases = 10_000

/**
 * Reads one YAML document as Ansible does: YAML 1.1 scalars (`yes` is true, `0755` is 493), dates stay text, merge keys
 * work, maps have no prototype. Duplicate keys, unknown tags, several documents and alias bombs are errors.
 */
export function parseYaml(text: string, file: string): Result<YamlDocument, Diagnostic[]> {
  const source = withoutMark(text)
  const read = readIndented(source, file, 1)
  if (!read.ok) return read
  const { values, root, lines } = read.value
  return ok(new PlainDocument(file, source, values[0] ?? null, root, lines))
}

/** The values of a text with any number of documents, or at most so many; otherwise as `parseYaml`. */
export function yamlDocuments(
  text: string,
  file: string,
  most = Number.POSITIVE_INFINITY,
): Result<Value[], Diagnostic[]> {
  const source = withoutMark(text)
  const read = readIndented(source, file, most)
  return read.ok ? ok(read.value.values) : read
}

/** Without the byte order mark that editors of Windows write. */
function withoutMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text
}

interface Read {
  readonly values: Value[]
  readonly root: YamlNode
  readonly lines: LineIndex
}

/**
 * PyYAML does not mind how far lines inside brackets and quotes are indented; js-yaml does. Blanks at their start mean nothing, so such
 * a line gets more of them. A text that is wrong in any case is told as it stands.
 */
function readIndented(source: string, file: string, most: number): Result<Read, Diagnostic[]> {
  const padded = new Set<number>()
  let text = source
  let first: Diagnostic[] | undefined
  for (;;) {
    const lines = new LineIndex(file, text, padded, padding.length)
    try {
      const read = readDocuments(text, file, lines, most)
      return read.ok ? read : err(first ?? read.error)
    } catch (error) {
      if (!(error instanceof YAMLException)) throw error
      first ??= [syntaxDiagnostic(error, lines, text, file)]
      const { line } = error.mark ?? {}
      if (error.reason !== 'deficient indentation' || line === undefined || padded.size === mostPadded)
        return err(first)
      // It may be told of a line that has its blanks already: then they are no help.
      if (padded.has(line)) return err(first)
      padded.add(line)
      text = source
        .split('\n')
        .map((one, index) => (padded.has(index) ? `${padding}${one}` : one))
        .join('\n')
    }
  }
}

const padding = ' '.repeat(80)
const mostPadded = 200

/** Throws YAMLException for what is no YAML. */
function readDocuments(
  source: string,
  file: string,
  lines: LineIndex,
  most: number,
): Result<Read, Diagnostic[]> {
  const events = parseEvents(source, { filename: file })
  const tree = readTree(events, source, lines, most)
  if (tree.diagnostics.length > 0) return err(tree.diagnostics)
  const values = constructFromEvents(events, { source, filename: file, schema, maxAliases })
  return ok({ values: values as Value[], root: tree.root, lines })
}

class PlainDocument implements YamlDocument {
  readonly file: string
  readonly text: string
  readonly value: Value
  readonly #root: YamlNode
  readonly #lines: LineIndex

  constructor(file: string, text: string, value: Value, root: YamlNode, lines: LineIndex) {
    this.file = file
    this.text = text
    this.value = value
    this.#root = root
    this.#lines = lines
  }

  locate(path: Path, what: 'key' | 'value' = 'value'): Location {
    const { start, end } = findRange(this.#root, path, what)
    return this.#lines.locate(Math.max(0, start), Math.max(0, end))
  }
}

/** PyYAML's resolver patterns; js-yaml's own also take `y`, `.`, `08:30`. Source: yaml/resolver.py of PyYAML 6. */
const pyyaml = {
  bool: /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
  int: /^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/,
  float:
    /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
}

function asPyYaml<T>(tag: ScalarTagDefinition<T>, pattern: RegExp): ScalarTagDefinition<T> {
  return defineScalarTag<T>(tag.tagName, {
    ...tag,
    resolve: (source, isExplicit, name) => {
      if (!pattern.test(source)) return NOT_RESOLVED
      const value = tag.resolve(source, isExplicit, name)
      // Python's integers have no bound; text keeps every digit.
      const isExact = typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value)
      return isExact ? value : NOT_RESOLVED
    },
  })
}

const plainMapTag = defineMappingTag(mapTag.tagName, {
  ...mapTag,
  create: (): Record<string, unknown> => Object.create(null),
  finalize: (map) => map,
})

const schema = new Schema([
  strTag,
  seqTag,
  plainMapTag,
  nullYaml11Tag,
  asPyYaml(boolYaml11Tag, pyyaml.bool),
  asPyYaml(intYaml11Tag, pyyaml.int),
  asPyYaml(floatYaml11Tag, pyyaml.float),
  mergeTag,
])
const knownTags: ReadonlySet<string> = new Set(
  schema.tags.map((tag) => tag.tagName.replace('tag:yaml.org,2002:', '!!')),
)

/** One walk over the events: positions, duplicate keys, tags that nobody knows, sizes. */
function readTree(
  events: readonly Event[],
  source: string,
  lines: LineIndex,
  mostDocuments: number,
): YamlTreeBuilder {
  const tree = new YamlTreeBuilder(lines, mostDocuments)
  for (const event of events) {
    switch (event.type) {
      case EVENT_ID.DOCUMENT:
        tree.openDocument()
        break
      case EVENT_ID.SEQUENCE:
        checkTag(event, source, tree)
        tree.open('list', event.start, anchorOf(event, source))
        break
      case EVENT_ID.MAPPING:
        checkTag(event, source, tree)
        tree.open('map', event.start, anchorOf(event, source))
        break
      case EVENT_ID.SCALAR:
        checkTag(event, source, tree)
        tree.scalar(scalarRange(event, source), keyText(event, source), anchorOf(event, source))
        break
      case EVENT_ID.ALIAS: {
        const range = { start: event.anchorStart - 1, end: event.anchorEnd }
        tree.alias(source.slice(event.anchorStart, event.anchorEnd), range)
        break
      }
      case EVENT_ID.POP:
        tree.close()
        break
    }
  }
  tree.finish()
  return tree
}

function checkTag(event: { tagStart: number; tagEnd: number }, source: string, tree: YamlTreeBuilder): void {
  if (event.tagStart < 0) return
  const tag = source.slice(event.tagStart, event.tagEnd)
  if (tag === '!' || knownTags.has(tag)) return
  const range = { start: event.tagStart, end: event.tagEnd }
  tree.complain('yaml-tag', `the tag ${tag} is not supported`, range, tagHint(tag))
}

function anchorOf(event: { anchorStart: number; anchorEnd: number }, source: string): string | undefined {
  return event.anchorStart < 0 ? undefined : source.slice(event.anchorStart, event.anchorEnd)
}

/** The text that `constructFromEvents` uses as this key: `yes` as a key is `true`, as in Ansible. */
function keyText(event: ScalarEvent, source: string): string {
  const text = event.valueStart < 0 ? '' : getScalarValue(source, event)
  const isPlain = event.style === SCALAR_STYLE.PLAIN && event.tagStart < 0
  return isPlain ? String(schema.resolveImplicitScalarTag(text).value) : text
}

/** With the quotes. A block scalar's range starts on the line after its `|`: point at the text, not the indentation. */
function scalarRange(event: ScalarEvent, source: string): { start: number; end: number } {
  const { valueStart: start, valueEnd: end } = event
  switch (event.style) {
    case SCALAR_STYLE.SINGLE_QUOTED:
    case SCALAR_STYLE.DOUBLE_QUOTED:
      return { start: start - 1, end: Math.min(end + 1, source.length) }
    case SCALAR_STYLE.LITERAL_BLOCK:
    case SCALAR_STYLE.FOLDED_BLOCK:
      return { start: start + (/^\s*/.exec(source.slice(start, end))?.[0].length ?? 0), end }
    default:
      return { start, end }
  }
}

function tagHint(tag: string): string {
  if (tag.startsWith('!vault')) return 'encrypted values cannot be read yet; pass the secret with -e @file'
  if (tag.startsWith('!unsafe'))
    return 'write the text with {% raw %} … {% endraw %} so that it is not templated'
  return 'remove the tag, or quote the text if it starts with !'
}

function syntaxDiagnostic(error: YAMLException, lines: LineIndex, source: string, file: string): Diagnostic {
  const position = error.mark?.position
  const hint = syntaxHint(error.reason, source, position ?? 0)
  return {
    severity: 'error',
    code: 'yaml-syntax',
    message: `not valid YAML: ${error.reason}`,
    location: position === undefined ? { file, line: 1, column: 1 } : lines.locate(position, position + 1),
    ...(hint ? { hint } : {}),
  }
}

function syntaxHint(reason: string, source: string, position: number): string | undefined {
  const lineStart = source.lastIndexOf('\n', position - 1) + 1
  const lineEnd = source.indexOf('\n', position)
  const line = source.slice(lineStart, lineEnd < 0 ? source.length : lineEnd)
  if (/^ *\t/.test(line)) return 'indent with spaces; YAML does not allow tabs there'
  if (/[:-]\s+\{\{/.test(line)) return 'a value that starts with {{ must be quoted: "{{ name }}"'
  if (reason === 'deficient indentation')
    return 'a quote or bracket above is not closed, or this line must be indented more'
  if (/mapping|implicit key|unexpected/.test(reason) && /:\s.*:\s/.test(line))
    return 'quote the value: it contains ": "'
  return undefined
}
