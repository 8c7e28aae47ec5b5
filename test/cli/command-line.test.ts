import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { commandLine, withoutSecrets } from '../../src/commands/command-line.ts'
import { ofKind } from '../support/events.ts'
import { exits } from '../support/hvlab-process.ts'
import { LabFolder } from '../support/lab-folder.ts'

t.test('a command line for the shell, with all that decides what tasks do', async (t) => {
  const nothing = { inventory: [], extraVars: [], tags: [], skipTags: [] }
  t.equal(commandLine({ name: 'quick' }, nothing), 'hvlab up quick')
  t.equal(
    commandLine(
      { file: 'my lab.yml' },
      {
        inventory: ['hosts.ini'],
        extraVars: ['a=1', '{"b": 2}'],
        limit: 'web:!db',
        tags: ['x', 'y'],
        skipTags: ['z'],
        lang: 'id',
      },
    ),
    `hvlab run 'my lab.yml' -i hosts.ini -e a=1 -e '{"b": 2}' --limit 'web:!db' --tags x,y --skip-tags z --lang id`,
  )
})

t.test('what goes into the journal is without secrets', async (t) => {
  const cases: [string, string][] = [
    ['benchmark_blocks=8', 'benchmark_blocks=8'],
    ['db_password=hunter22', 'db_password=***'],
    ['ansible_become_pass=x', 'ansible_become_pass=***'],
    ['API_KEY=x', 'API_KEY=***'],
    ['hvlab_image_key=x', 'hvlab_image_key=x'],
    ['a=1 token=x', '***'],
    ['{"secret": 1}', '***'],
    ['{"benchmark_blocks": 8}', '{"benchmark_blocks": 8}'],
    ['@secrets.yml', '@secrets.yml'],
    ['note=my password is x', '***'],
    ['image=password-store', 'image=password-store'],
  ]
  for (const [text, said] of cases) t.equal(withoutSecrets(text), said, text)
})

t.test('a run writes down what was typed and where its inventory came from', async (t) => {
  const lab = new LabFolder(t)
  mkdirSync(join(lab.path, 'inventory'))
  writeFileSync(join(lab.path, 'inventory/hosts.ini'), 'here ansible_connection=local\n')
  writeFileSync(
    join(lab.path, 'site.yml'),
    '- hosts: all\n  gather_facts: false\n  tasks:\n    - debug: {msg: hello}\n',
  )
  const options = ['-i', 'inventory/hosts.ini', '-e', 'colour=blue', '-e', 'the_password=hunter22']
  const result = await lab.hvlab(['run', 'site.yml', ...options, '--format', 'jsonl'])
  exits(t, result, 0)
  const wanted = {
    command: 'hvlab run site.yml -i inventory/hosts.ini -e colour=blue -e the_password=***',
    inventory: { sources: [join(lab.path, 'inventory/hosts.ini')], hosts: ['here'] },
  }
  const [started] = ofKind(result.events, 'run.started')
  t.match(started, { inventory: wanted.inventory })
  t.equal(started?.command?.replaceAll("'", ''), wanted.command)
  const [run = ''] = readdirSync(join(lab.path, 'results'))
  t.notMatch(readFileSync(join(lab.path, 'results', run, 'journal.jsonl'), 'utf8'), /hunter22/)
})

t.test('how to go on says no secrets: it may stand in a log', async (t) => {
  const lab = new LabFolder(t)
  writeFileSync(
    join(lab.path, 'site.yml'),
    '- hosts: localhost\n  gather_facts: false\n  tasks:\n    - command: sleep 600\n',
  )
  const secret = ['-e', 'the_password=hunter22']
  const result = await lab.hvlab(['run', 'site.yml', ...secret, '--deadline', '1', '--format', 'plain'])
  exits(t, result, 6)
  t.match(result.stderr, /^Continue it with: hvlab run site\.yml -e 'the_password=\*\*\*' --resume \S+$/m)
  t.notMatch(result.stderr, 'hunter22')
})
