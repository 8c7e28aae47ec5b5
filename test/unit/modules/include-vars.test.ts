import { join } from 'node:path'
import t from 'tap'
import type { Vars } from '../../../src/model/value.ts'
import { includeVars } from '../../../src/modules/include_vars.ts'
import { contextAround, drive } from '../../support/module-harness.ts'

const vars = {
  'main.yml': 'a: 1\nb: "{{ a }}"\n',
  'list.yml': '- no map\n',
  'bad.yml': 'a: [\n',
  many: {
    'z.json': '{"a": "z"}',
    'a.yml': 'a: first\nonly_a: "{{ a }}"\n',
    'notes.txt': 'x',
    deep: { 'd.yaml': 'd: {e: 1}\n', deeper: { 'f.yml': 'f: 1\n' } },
  },
}

const access = new Proxy({} as Parameters<typeof contextAround>[0], { get: () => undefined })

t.test('include_vars', async (t) => {
  const folder = t.testdir(vars)
  const include = async (params: Vars) => {
    const context = { ...contextAround(access, { folder }), changed: () => undefined }
    const { result } = await drive(includeVars, params, context)
    return { vars: result.effects?.included, files: result.data?.['ansible_included_var_files'] }
  }

  t.same(
    await include({ _raw_params: 'main.yml' }),
    { vars: { a: 1, b: '{{ a }}' }, files: [join(folder, 'main.yml')] },
    'templates stay: they are filled in when they are used',
  )
  t.same((await include({ file: 'main.yml', name: 'box' })).vars, { box: { a: 1, b: '{{ a }}' } })

  const quiet = { dir: 'many', ignore_unknown_extensions: true }
  const all = await include(quiet)
  t.same(all.vars, { a: 'z', only_a: '{{ a }}', d: { e: 1 }, f: 1 }, 'later files win')
  t.same(
    all.files,
    ['a.yml', 'z.json', 'deep/d.yaml', 'deep/deeper/f.yml'].map((name) => join(folder, 'many', name)),
  )
  t.same((await include({ ...quiet, depth: 2 })).vars, { a: 'z', only_a: '{{ a }}', d: { e: 1 } })
  t.same((await include({ dir: 'many', files_matching: '^[az][.]', ignore_files: ['json'] })).vars, {
    a: 'first',
    only_a: '{{ a }}',
  })
  t.same((await include({ dir: 'many', extensions: ['json'], ignore_unknown_extensions: true })).vars, {
    a: 'z',
  })

  const refused: [Vars, string][] = [
    [{ dir: 'many' }, `include_vars: ${join(folder, 'many/notes.txt')} does not end in .yaml, .yml, .json`],
    [{ dir: 'main.yml' }, `include_vars: ${join(folder, 'main.yml')} is no folder`],
    [{ file: 'list.yml' }, 'a file of variables must be a map, not a list'],
    [{ file: 'bad.yml' }, 'not valid YAML: deficient indentation'],
    [{ file: 'gone.yml' }, 'gone.yml was not found'],
    [
      { dir: 'many', files_matching: '(' },
      'include_vars: Invalid regular expression: /(/: Unterminated group',
    ],
    [{ file: 'main.yml', name: 'no name' }, '"no name" cannot be the name of a variable'],
  ]
  for (const [params, message] of refused) await t.rejects(include(params), { message }, message)
})
