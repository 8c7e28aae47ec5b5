import { isMap } from '../config/schema/common.ts'
import type { Task } from '../model/task.ts'
import type { Value, Vars } from '../model/value.ts'
import type { CompileContext, Scope, Source } from './compile-context.ts'
import { roleFile } from './role-files.ts'
import { isSelected } from './tags.ts'

/** What Ansible puts before the tasks of a role that says what arguments it takes: in meta/argument_specs.yml, or in meta/main.yml. */
export function argumentCheck(
  context: CompileContext,
  role: { readonly name: string; readonly path: string; readonly params: Vars },
  entryPoint: string,
  scope: Scope,
): Task[] {
  const found = specOf(context, role.path, entryPoint)
  const tags = [...new Set([...scope.tags, 'always'])]
  if (found === undefined || !isSelected(tags, context.tags)) return []
  const { spec, source } = found
  const about = spec['short_description']
  const said = about === undefined || about === null ? '' : ` - ${[about].flat().map(String).join(' ')}`
  return [
    {
      kind: 'task',
      id: `${scope.id}arguments`,
      name: `Validating arguments against arg spec '${entryPoint}'${said}`,
      module: 'validate_argument_spec',
      params: {
        argument_spec: spec['options'] ?? {},
        provided_arguments: role.params,
        validate_args_context: {
          type: 'role',
          name: role.name,
          argument_spec_name: entryPoint,
          path: role.path,
        },
      },
      ...{ when: [], tags, vars: Object.create(null) as Vars, notify: [], listen: [] },
      ...(scope.role === undefined ? {} : { role: scope.role }),
      location: source.document.locate(source.path),
    },
  ]
}

function specOf(
  context: CompileContext,
  path: string,
  entryPoint: string,
): { readonly spec: Vars; readonly source: Source } | undefined {
  for (const [name, isOptional] of [
    ['argument_specs', false],
    ['main', true],
  ] as const) {
    const file = roleFile(path, 'meta', name)
    const document = file === undefined ? undefined : context.read(file)
    const specs = isMap(document?.value) ? document.value['argument_specs'] : undefined
    if (document === undefined || (specs === undefined && isOptional)) continue
    const at = ['argument_specs', entryPoint]
    if (specs !== undefined && !isMap(specs))
      context.error(
        'wrong-type',
        '"argument_specs" must be a map of entry points',
        document.locate(['argument_specs']),
      )
    const spec: Value | undefined = isMap(specs) ? specs[entryPoint] : undefined
    if (!isMap(spec)) return undefined
    if (spec['options'] !== undefined && spec['options'] !== null && !isMap(spec['options'])) {
      context.error('wrong-type', '"options" must be a map of arguments', document.locate([...at, 'options']))
      return undefined
    }
    return { spec, source: { document, path: at } }
  }
  return undefined
}
