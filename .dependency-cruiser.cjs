// The layers of docs/architecture.md: imports point one way, each outside package has one owner.
const layer = (name, others, everyones = ['model', 'util']) => {
  const allowed = [...everyones, ...others]
  return {
    name: `layer-${name}`,
    comment: `src/${name} may import only: ${allowed.join(', ') || 'nothing of ours'}`,
    severity: 'error',
    from: { path: `^src/${name}/` },
    to: { path: '^src/', pathNot: [name, ...allowed].map((place) => `^src/${place}(/|$)`) },
  }
}

const owner = (dependency, files) => ({
  name: `owner-of-${dependency}`,
  severity: 'error',
  from: { path: '^src/', pathNot: files.map((file) => `^src/${file}$`) },
  to: { path: `node_modules/${dependency}/` },
})

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-development-packages',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg'], dependencyTypesNot: ['type-only'] },
    },
    layer('model', [], []),
    layer('util', [], ['model']),
    layer('template', ['config/yaml.ts']),
    layer('connections', []),
    layer('facts', []),
    layer('config', []),
    layer('images', ['facts', 'config']),
    layer('lab', ['facts', 'images', 'connections']),
    layer('bridges', ['facts', 'config', 'lab']),
    layer('sandbox', ['facts', 'images', 'lab']),
    layer('bench', ['facts', 'config']),
    layer('verdicts', ['config', 'bench']),
    layer('reports', ['bench', 'verdicts']),
    layer('modules', [
      'template',
      'facts',
      'config',
      'connections',
      'images',
      'lab',
      'bridges',
      'sandbox',
      'bench',
      'reports',
    ]),
    layer('plan', ['template', 'config', 'modules']),
    layer('engine', ['template', 'connections', 'modules']),
    layer('renderers', []),
    layer('commands', [
      'config',
      'connections',
      'images',
      'lab',
      'bench',
      'verdicts',
      'reports',
      'modules',
      'plan',
      'engine',
    ]),
    owner('js-yaml', ['config/yaml.ts']),
    owner('zx', ['connections/local.ts']),
    owner('ssh2', ['connections/ssh[a-z-]*.ts']),
    owner('@lydell', ['connections/terminal.ts']),
    owner('listr2', ['renderers/tty.ts']),
    owner('echarts', ['reports/chart.ts']),
    owner('fast-xml-parser', ['lab/libvirt/xml.ts']),
    owner('simple-statistics', ['bench/statistics.ts']),
    owner('p-limit', ['util/limit.ts']),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
    combinedDependencies: false,
  },
}
