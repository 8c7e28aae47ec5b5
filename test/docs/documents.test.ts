import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { currentText, generatedFiles } from '../../scripts/generate.ts'
import { parseYaml } from '../../src/config/yaml.ts'
import { packageRoot } from '../../src/util/package-root.ts'
import { atEnd } from '../support/cleanup.ts'
import { unknownWord } from '../support/command-tree.ts'
import { LabFolder } from '../support/lab-folder.ts'
import { journal, recordedEvents } from '../unit/reports/recorded-journal.ts'
import { commandsOf, type Document, readDocuments } from './document.ts'

/**
 * Commands that need root, the network, minutes or a guest, and are therefore not run here: the test that runs them,
 * and words of that test that show it.
 */
const runElsewhere: Readonly<Record<string, readonly [test: string, words: string]>> = {
  'npm start': ['e2e/quick-lab', "'up', 'quick'"],
  'npm test': ['../scripts/test.mjs', 'dist/test/e2e'],
  'hvlab up quick': ['e2e/quick-lab', "'up', 'quick', '--format'"],
  'hvlab up quick -e benchmark_profile=standard': ['e2e/quick-lab', "'-e', 'benchmark_blocks=1'"],
  'hvlab up quick -e benchmark_blocks=8 -e benchmark_workloads=cpu': [
    'e2e/quick-lab',
    "'-e', 'benchmark_blocks=1'",
  ],
  'hvlab up quick --gate 20260101-120000-quick --tolerance 10%': ['e2e/quick-lab', "'--gate'"],
  'hvlab up lab -i machines.yml': ['e2e/fleet', "'up', 'lab'"],
  'hvlab status': ['e2e/quick-lab', "['status', '--format', 'json']"],
  'hvlab ssh guest1 -- uname -r': ['e2e/quick-lab', "['ssh', 'guest1', '--', 'uname', '-n']"],
  'hvlab sandbox up --hosts 3': ['e2e/fleet', 'sandbox.up(3)'],
  'hvlab up quick -i inventory/sandbox.yml': ['e2e/fleet', "'up', 'lab'"],
  'hvlab sandbox shell node1 -- systemctl --failed': ['e2e/sandbox', "'sandbox', 'shell', 'node2'"],
  'hvlab sandbox status': ['e2e/sandbox', 'sandbox.status()'],
  'hvlab sandbox down': ['e2e/sandbox', "['sandbox', 'down'"],
  'hvlab role test image_builder': ['e2e/role-test', "['role', 'test', 'image_builder'"],
  'hvlab role test greeting --hosts 2 -e who=you': [
    'e2e/role-test',
    "'role', 'test', 'greeting', '--hosts', '2'",
  ],
  'hvlab plan quick --drift': ['e2e/guest-commands', "'plan', 'two', '--drift'"],
  'hvlab ssh guest1': ['e2e/guest-commands', "['ssh', 'first']"],
  'hvlab ssh guest1 -- systemctl --failed': ['e2e/guest-commands', "'ssh', copy, '--'"],
  'hvlab scp -r results guest1:': ['e2e/guest-commands', "'scp', '-r', 'notes', 'first:'"],
  'hvlab scp guest1:notes.txt guest2:': ['e2e/guest-commands', "'scp', '-r', 'first:notes', 'second:copied'"],
  'hvlab logs guest1': ['e2e/guest-commands', "'logs', 'first'"],
  'hvlab logs guest1 -f -n 20': ['e2e/guest-commands', "['logs', 'first', '-f', '-n', '20']"],
  'hvlab console guest1': ['e2e/guest-commands', "['console', 'first']"],
  'hvlab port-forward guest1 8080:80': ['e2e/guest-commands', "['port-forward', 'first', ':22']"],
  'hvlab ssh-config -o guests.conf': ['e2e/guest-commands', "'ssh-config', '-o', sshConfig"],
  'hvlab stop guest1': ['e2e/guest-commands', "'stop', 'second'"],
  'hvlab start guest1': ['e2e/guest-commands', "'start', 'second'"],
  'hvlab restart guest1': ['e2e/guest-commands', "'restart', 'second'"],
  'hvlab suspend guest1': ['e2e/guest-commands', "'suspend', 'first'"],
  'hvlab resume guest1': ['e2e/guest-commands', "'resume', 'first'"],
  'hvlab suspend guest1 --to-disk': ['e2e/guest-commands', "'suspend', 'first', '--to-disk'"],
  'hvlab snapshot create guest1 clean --description before the upgrade': [
    'e2e/guest-commands',
    "'snapshot', 'create', 'first', 'clean', '--description'",
  ],
  'hvlab snapshot create guest1 clean': ['e2e/guest-commands', "'snapshot', 'create', 'first', 'clean'"],
  'hvlab snapshot list': ['e2e/guest-commands', "'snapshot', 'list'"],
  'hvlab snapshot revert guest1 clean': ['e2e/guest-commands', "'snapshot', 'revert', 'first', 'clean'"],
  'hvlab snapshot delete guest1 clean': ['e2e/guest-commands', "'snapshot', 'delete', 'first', 'clean'"],
  'hvlab clone guest1 guest3': ['e2e/guest-commands', "'clone', 'first', 'third'"],
  'hvlab down': ['e2e/quick-lab', "['down', '--format', 'jsonl']"],
}

/** Exit codes other than 0 that are right, too. */
const otherExitCodes: Readonly<Record<string, readonly number[]>> = {
  // A machine with too little memory or disk cannot carry the lab.
  'hvlab doctor': [0, 2],
}

// Many processes, on a machine that may be busy.
t.setTimeout(300_000)

const documents = readDocuments()

for (const document of documents.filter(({ blocks }) => blocks.length > 0)) {
  void t.test(`${document.file}: its commands run, its examples are valid`, async (t) => {
    const lab = await labOf(t, document)
    for (const words of commandsOf(document)) {
      const command = words.join(' ')
      const isElsewhere = Object.hasOwn(runElsewhere, command)
      if (isElsewhere && words[1] !== 'up') continue
      t.equal(words[0], 'hvlab', command)
      // What takes minutes is at least compiled with its options; a plan has no gate.
      const args = isElsewhere ? ['plan', ...withoutGate(words.slice(2))] : words.slice(1)
      const { exitCode, stdout, stderr } = await lab.hvlab(args)
      const said = `${command}\n${stdout}${stderr}`
      t.ok((otherExitCodes[command] ?? [0]).includes(exitCode), `exit code ${exitCode}: ${said}`)
    }
  })
}

void t.test('commands that are run elsewhere are shown somewhere, and run there', async (t) => {
  const shown = new Set(documents.flatMap(commandsOf).map((words) => words.join(' ')))
  for (const [command, [test, words]] of Object.entries(runElsewhere)) {
    t.ok(shown.has(command), `${command} is in a document`)
    const file = test.endsWith('.mjs') ? test : `${test}.test.ts`
    t.ok(readFileSync(join(packageRoot, 'test', file), 'utf8').includes(words), `${file} has ${words}`)
  }
  const { scripts } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'))
  t.equal(scripts.start, 'node bin/hvlab.mjs up quick')
  t.equal(scripts.test, 'node scripts/test.mjs')
})

void t.test(
  'links and pictures lead somewhere; commands in running text exist, with their options',
  async (t) => {
    const changelog = {
      file: 'CHANGELOG.md',
      text: readFileSync(join(packageRoot, 'CHANGELOG.md'), 'utf8'),
    }
    for (const { file, text } of [...documents, changelog]) {
      for (const [, target = ''] of text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
        if (/^https?:/.test(target)) continue
        t.ok(existsSync(join(packageRoot, dirname(file), target)), `${file}: ${target}`)
      }
      for (const [, line = ''] of text.matchAll(/`(hvlab [^`]+)`/g))
        t.equal(unknownWord(line), undefined, `${file}: ${line}`)
    }
  },
)

void t.test('generated files are what the sources make', async (t) => {
  for (const [file, text] of generatedFiles())
    t.ok(currentText(file) === text, `${file} is in step (else: npm run generate)`)
})

/** A lab with the page's files and a finished run; YAML examples are checked. */
async function labOf(t: Test, { blocks }: Document): Promise<LabFolder> {
  const lab = new LabFolder(t)
  atEnd(t, () => rmSync('/tmp/hvlab-hello.txt', { force: true }))
  const id = '20260101-120000-quick'
  write(lab, `results/${id}/journal.jsonl`, journal(recordedEvents(), id))
  const next = '20260102-120000-quick'
  write(lab, `results/${next}/journal.jsonl`, journal(recordedEvents({ seed: 2 }), next))
  const examples: string[] = []
  for (const [index, { language, attributes, text }] of blocks.entries()) {
    if (!['yaml', 'ini', 'ts'].includes(language)) continue
    const { file = `example-${index}.${language === 'yaml' ? 'yml' : language}`, 'same-as': other } =
      attributes
    write(lab, file, text)
    // Variables are read with the inventory that they belong to.
    if (language !== 'ts' && !/(group|host)_vars\//.test(file)) examples.push(file)
    if (other !== undefined)
      t.same(
        yamlValue(text),
        yamlValue(readFileSync(join(packageRoot, other), 'utf8')),
        `${file} says what ${other} says`,
      )
  }
  if (examples.length > 0) {
    const { exitCode, stdout, stderr } = await lab.hvlab(['validate', ...examples])
    t.equal(exitCode, 0, stdout + stderr)
    t.equal(stderr, '', 'no warnings')
  }
  return lab
}

function withoutGate(words: readonly string[]): string[] {
  const at = words.indexOf('--gate')
  return at < 0 ? [...words] : words.slice(0, at)
}

function write(lab: LabFolder, file: string, text: string): void {
  const path = join(lab.path, file)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

function yamlValue(text: string): unknown {
  const document = parseYaml(text, 'example.yml')
  if (!document.ok) throw new Error(document.error.map(({ message }) => message).join('; '))
  return document.value.value
}
