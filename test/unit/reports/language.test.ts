import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import ts from 'typescript'
import { lowerFirst } from '../../../src/bench/words.ts'
import { indonesian } from '../../../src/reports/indonesian.ts'
import { english, languageOf } from '../../../src/reports/language.ts'
import { packageRoot } from '../../../src/util/package-root.ts'
import { readTextCases, updateTextCases } from '../../support/text-cases.ts'

const { say } = languageOf('id')
const findingFiles = readdirSync(join(packageRoot, 'src/bench/findings'))
  .filter((name) => name.endsWith('-findings.ts'))
  .map((name) => join('src/bench/findings', name))
const file = join(packageRoot, 'test/cases/reports/sentences.txt')
const cases = readTextCases(file).map(({ title, sections, expect }) => ({
  title,
  text: (sections.get('english') ?? '').trim(),
  expect,
}))

t.test('every rule in both languages, with the same figures and names', async (t) => {
  const said = new Map(cases.map(({ title, text }) => [title, say(text)]))
  if (process.env['UPDATE_CASES'] === '1') updateTextCases(file, said)
  for (const { title, text, expect } of cases) {
    const translated = said.get(title) ?? ''
    t.equal(translated, expect, title)
    t.strictSame(figuresOf(translated, ',', '.'), figuresOf(text, '.', ','), `${title}: figures`)
    t.strictSame(namesOf(translated), namesOf(text), `${title}: evidence`)
    t.strictSame(englishIn(translated), [], `${title}: nothing is left in English`)
  }
  const rules = new Set(findingFiles.flatMap(rulesIn))
  const named = new Set(cases.map(({ title }) => title.split(' ')[0] ?? ''))
  named.delete('answer')
  t.strictSame([...named].sort(), [...rules].sort(), 'a case for each rule, a rule for each case')
})

t.test('no sentence is without a translation, and no branch of a rule without a case', async (t) => {
  const known = Object.keys(indonesian.phrases).map((phrase) => phrase.replace(/\{[=:-]?\}/g, '\0'))
  const reports = readdirSync(join(packageRoot, 'src/reports'))
    .filter((name) => !notForReaders.has(name))
    .map((name) => join('src/reports', name))
  for (const name of [
    'src/bench/answer.ts',
    'src/lab/host/accelerator-verdict.ts',
    ...findingFiles,
    ...reports,
  ]) {
    const missing = wordings(name).filter(
      (wording) => say(wording) === wording && !known.some((phrase) => phrase.includes(wording)),
    )
    t.strictSame(missing, [], `${name}: src/reports/indonesian.ts knows all of it`)
  }
  for (const name of findingFiles) {
    const untried = wordings(name).filter((wording) => !cases.some(({ text }) => text.includes(wording)))
    t.strictSame(untried, [], `${name}: test/cases/reports/sentences.txt has a case with it`)
  }
})

t.test('every workload has an Indonesian title', async (t) => {
  const folder = join(packageRoot, 'roles/benchmark/workloads')
  for (const name of readdirSync(folder)) {
    const text = readFileSync(join(folder, name), 'utf8')
    const title = /^title: "?(.*?)"?$/m.exec(text)?.[1] ?? ''
    const small = lowerFirst(title)
    t.ok(say(title) !== title, `${name}: ${title}`)
    t.equal(say(`4.1 × at ${small}`), `4,1 × pada ${lowerFirst(say(title))}`, `${name}: in a sentence`)
    for (const [, metric = ''] of text.matchAll(/title: ([^,}]*), unit/g))
      t.ok(say(metric) in sameWord || say(metric) !== metric, `${name}: ${metric}`)
  }
})

t.test('any workload can stand in any sentence', async (t) => {
  const folder = join(packageRoot, 'roles/benchmark/workloads')
  const titles = readdirSync(folder).map(
    (name) => /^title: "?(.*?)"?$/m.exec(readFileSync(join(folder, name), 'utf8'))?.[1] ?? '',
  )
  for (const title of titles) {
    const left = cases
      .map(({ text }) =>
        text.replace('Computing primes', title).replace('computing primes', lowerFirst(title)),
      )
      .filter((text) => text.includes(title) || text.includes(lowerFirst(title)))
      .filter((text) => englishIn(say(text).replace(/KVM: .*/, '')).length > 0)
    t.strictSame(left, [], title)
  }
})

t.test('texts of hosts are bounded work', async (t) => {
  for (const text of [' × ', '((', ' in ', ', ', '. A', ' and ', '{}'].flatMap((piece) => [
    piece.repeat(30_000),
    piece.repeat(900),
  ]))
    t.equal(say(`${text}.`), `${text}.`, `${text.slice(0, 6)} …`)
  t.equal(say(`1${' × 1'.repeat(400)}, 1, L3 x`), `1${' × 1'.repeat(400)}, 1, L3 x`)
})

t.test('figures, lists and what is not known', async (t) => {
  const pairs: [string, string][] = [
    ['4,370 events/s', '4.370 events/s'],
    ['10.0–10.3 ×', '10,0–10,3 ×'],
    ['± 3.1 %', '± 3,1 %'],
    ['0.5 %', '0,5 %'],
    ['−2.4 %', '−2,4 %'],
    ['1.0.20', '1.0.20'],
    ['sysbench 1.0.20', 'sysbench 1.0.20'],
    ['a name and another', 'a name and another'],
    ['guest1 on node and 7', 'guest1 on node and 7'],
    ['Nobody wrote this sentence.', 'Nobody wrote this sentence.'],
    // `{} inside {}` is a part of a sentence, and ends in a name.
    ['docker inside kvm', 'docker di dalam kvm'],
    ['docker inside lxc and kvm', 'docker di dalam lxc dan kvm'],
    ['Nobody wrote this inside kvm.', 'Nobody wrote this inside kvm.'],
    ['docker inside 1 KiB memory writes and kvm', 'docker inside 1 KiB memory writes and kvm'],
    [
      'Nobody wrote this. The figures are made of clean trials only.',
      'Nobody wrote this. Angka-angka hanya berasal dari percobaan yang bersih.',
    ],
    [
      'The time budget of 2 min 5 s was spent after 7 of 1 block.',
      'Anggaran waktu 2 min 5 s habis setelah 7 dari 1 blok.',
    ],
    // What a program said has words of ours in it, such as `{} to {}`.
    ['TCG: error: failed to set MSR 0x10a to 0x69', 'TCG: error: failed to set MSR 0x10a to 0x69'],
    [
      'The guest kvm was not measured on node-1: error: failed to set MSR 0x10a to 0x69.',
      'Guest kvm tidak diukur di node-1: error: failed to set MSR 0x10a to 0x69.',
    ],
  ]
  for (const [text, translated] of pairs) t.equal(say(text), translated, text)
  t.equal(english.say('4,370 events/s'), '4,370 events/s')
})

/** Words that Indonesian has taken over. */
const sameWord: Readonly<Record<string, true>> = { bandwidth: true }

/** Files of src/reports whose text goes to programs, to people who write hvlab, or into the page's style. */
const notForReaders = new Set([
  'chart.ts',
  'indonesian.ts',
  'indonesian-findings.ts',
  'indonesian-setting.ts',
  'language.ts',
  'markup.ts',
  'openmetrics.ts',
  'results-json.ts',
  'sorting.ts',
  'style.ts',
  'trials-csv.ts',
])

function parsed(name: string): ts.SourceFile {
  const text = readFileSync(join(packageRoot, name), 'utf8')
  return ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true)
}

/** What `rule:` is set to, and what the helpers are called with that make a finding. */
function rulesIn(name: string): string[] {
  const found: string[] = []
  const literals = (node: ts.Node): void => {
    if (ts.isConditionalExpression(node)) [node.whenTrue, node.whenFalse].forEach(literals)
    else if (ts.isStringLiteral(node)) found.push(node.text)
  }
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAssignment(node) && node.name.getText() === 'rule') literals(node.initializer)
    const [first] = ts.isCallExpression(node) ? node.arguments : []
    if (first !== undefined && /^(?:caution|fact|finding)\(/.test(node.getText())) literals(first)
    ts.forEachChild(node, visit)
  }
  visit(parsed(name))
  return found
}

/** Pieces of sentences in a source file: text of two words or more, between the values of a template. */
function wordings(name: string): string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    // Not for readers: where a module comes from, what a programmer did wrong, markup itself.
    if (ts.isImportDeclaration(node) || ts.isThrowStatement(node) || ts.isRegularExpressionLiteral(node))
      return
    if (ts.isTaggedTemplateExpression(node)) {
      if (ts.isTemplateExpression(node.template))
        for (const { expression } of node.template.templateSpans) visit(expression)
      return
    }
    if (ts.isStringLiteralLike(node)) found.push(node.text)
    if (ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node)) found.push(node.text)
    ts.forEachChild(node, visit)
  }
  visit(parsed(name))
  return found
    .flatMap((text) => text.split(/\{\}|(?<=[.]) /))
    .map((text) => text.trim())
    .filter((text) => /[a-z’']{2,},? [a-z’'(]{2,}/i.test(text) && !/^hvlab (?:run|up)$/.test(text))
}

/** Numbers without their language's marks; versions as they are. */
function figuresOf(text: string, decimal: string, thousands: string): string[] {
  return (text.match(/\d+(?:[.,]\d+)*/g) ?? [])
    .map((figure) =>
      /\d\.\d+\.\d/.test(figure) ? figure : figure.replaceAll(thousands, '').replace(decimal, '.'),
    )
    .sort()
}

function namesOf(text: string): string[] {
  return (
    text.match(/\b(?:node-1|guest1|sysbench|hpet|tsc|kvm-clock|docker|kvm|[0-9a-f]{12})\b/g) ?? []
  ).sort()
}

function englishIn(text: string): string[] {
  return (
    text.match(
      /\b(?:the|of|and|is|are|with|from|was|were|in|on|which|than|at|but|natively|hosts|guests|trials|blocks)\b/gi,
    ) ?? []
  )
}
