import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import t from 'tap'
import { readRecordedRun } from '../../../src/bench/recorded-run.ts'
import { readResultsFile } from '../../../src/bench/results-file.ts'
import type { Workload } from '../../../src/bench/workload-file.ts'
import { reportCommand } from '../../../src/commands/report.ts'
import type { Event } from '../../../src/model/event.ts'
import { FailureError } from '../../../src/model/failure.ts'
import { escapeHtml, html, prose } from '../../../src/reports/markup.ts'
import { resultsOf } from '../../../src/reports/results.ts'
import { resultsJson } from '../../../src/reports/results-json.ts'
import { sortingScript } from '../../../src/reports/sorting.ts'
import { writeReports } from '../../../src/reports/write-reports.ts'
import { packageRoot } from '../../../src/util/package-root.ts'
import { failureOf } from '../../support/failure-of.ts'
import { journal, recordedEvents, workloads } from './recorded-journal.ts'

const golden = join(packageRoot, 'test/cases/reports/report.md')
const hostile =
  'Evil"OS\' <script>alert(1)</script> | [x](y) `z`\n# no heading <img src=//x onerror=alert(2)>'

t.test('the reports of a run', async (t) => {
  const folder = t.testdir({ 'journal.jsonl': journal(recordedEvents()) })
  const written = await writeReports(folder)
  t.strictSame(
    written.files,
    ['report.html', 'report.md', 'results.json'].map((name) => join(folder, name)),
  )
  const markdown = readFileSync(join(folder, 'report.md'), 'utf8')
  // TAP_SNAPSHOT=1 accepts what the code writes now, as for tap's own snapshots.
  if (process.env['TAP_SNAPSHOT'] === '1') writeFileSync(golden, markdown)
  t.equal(markdown, readFileSync(golden, 'utf8'), 'report.md is test/cases/reports/report.md')
  t.strictSame(written.summary.rows, [
    ['Computing primes', '4,370 events/s', '430 events/s', '9.8 %', '10.2 ×', '10.0–10.3 ×'],
    ['1 KiB memory writes', '6,736 MiB/s', '157 MiB/s', '2.3 %', '43 ×', '42–43 ×'],
    ['1 MiB memory writes', '25,201 MiB/s', '3,838 MiB/s', '15.3 %', '6.5 ×', '6.4–6.6 ×'],
  ])
  const results = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8'))
  t.match(results, {
    format: 'hvlab-results',
    format_version: 1,
    run: { id: '20261123-150500-quick', pipeline: 'quick', hvlab_version: '0.1.0' },
    answer: written.answer,
    hosts: [{ host: 'node-1', range_coverage: 0.875, comparisons: [{ workload: 'cpu', guest: 'debian-1' }] }],
  })
  t.equal(results.hosts[0].samples.length, 30, 'every trial is kept')
})

t.test('what a newer hvlab wrote is not written again, and said when it cannot be read', async (t) => {
  const folder = t.testdir({ 'journal.jsonl': journal(recordedEvents()) })
  const file = join(folder, 'results.json')
  await writeReports(folder)
  await writeReports(folder)
  const own = JSON.parse(readFileSync(file, 'utf8'))
  const write = (change: object) => writeFileSync(file, JSON.stringify({ ...own, ...change }))
  const known = `this one knows 1 with ${own.format_fields} fields`
  write({ format_fields: 9999, later: 'what this hvlab does not know' })
  t.match(await failureOf(() => writeReports(folder)), {
    code: 'results-newer',
    message: `${file} was written by a newer hvlab: it has format 1 with 9999 fields, and ${known}.`,
    hint: 'Writing it again would lose what this hvlab does not know: use the newer one, or move the file away first.',
  })
  t.match(
    JSON.parse(readFileSync(file, 'utf8')),
    { later: 'what this hvlab does not know' },
    'it is as it was',
  )
  t.equal((await readResultsFile(file)).benchmarks.length, 1, 'additions keep nobody from reading')
  write({ format_version: 2 })
  t.match(await failureOf(() => readResultsFile(file)), {
    code: 'results-newer',
    message: `${file} was written by a newer hvlab: it has format 2 with ${own.format_fields} fields, and ${known}.`,
  })
  const { format_fields: _none, ...older } = own
  writeFileSync(file, JSON.stringify(older))
  await writeReports(folder)
  t.match(JSON.parse(readFileSync(file, 'utf8')), { format_fields: own.format_fields }, 'an older one is')
})

t.test('several guests: what is true of all is said once, contention has its chart', async (t) => {
  const events = recordedEvents({ guests: ['guest1', 'guest10', 'guest2'], blocks: 6, crowded: 1.5 })
  const folder = t.testdir({ 'journal.jsonl': journal(events) })
  await writeReports(folder)
  const markdown = readFileSync(join(folder, 'report.md'), 'utf8')
  t.equal(markdown.match(/ran under TCG/g)?.length, 1)
  t.match(markdown, /Why not KVM: .*\. The same holds for guest10 and guest2\.\n/)
  t.match(
    markdown,
    /\n\| guest10 \| 10\.\d × \(.*\) \| .* \| 14\.\d × \|\n/,
    'a row for each guest, its mean at the end',
  )
  t.match(markdown, /\n\| Computing primes \| 3 \| 1\.\d\d × \| /, 'as long as alone')
  const page = readFileSync(join(folder, 'report.html'), 'utf8')
  t.match(page, /several guests at once.*<figure.*How many times longer a guest takes than alone/is)
  t.equal(
    page.split('Every guest in every round')[1]?.split('</table>')[0]?.match(/<tr>/g)?.length,
    1 + 3 * 6 * 3,
  )

  await writeReports(folder, 'id')
  const translated = readFileSync(join(folder, 'report.id.md'), 'utf8')
  t.match(translated, /Hal yang sama berlaku untuk guest10 dan guest2\./)
  t.strictSame(englishIn(translated), [], 'no English is left')
})

t.test(
  'guests that differ in CPUs and memory of the host only have a chart against the one that floats',
  async (t) => {
    const pinning = ['vCPU 0: CPUs 0', 'vCPU 1: CPUs 1']
    const events: Event[] = [
      ...recordedEvents({
        guests: ['float-thp', 'cross-4k', 'pinned-2m', 'larger'],
        blocks: 6,
        placed: {
          'cross-4k': { pinning, memory_source: 'memfd', memory_nodes: '1' },
          'pinned-2m': { pinning, huge_pages: true },
          larger: { pinning, memory_mib: 4000 },
        },
      }),
      {
        time: '2026-11-23T15:05:00.000Z',
        kind: 'recorded',
        stage: 'benchmark',
        host: 'node-1',
        channel: 'skipped',
        data: {
          hypervisor: 'node-1',
          what: 'The guest siblings-thp',
          why: 'no two of its CPUs share a core',
          guest: 'siblings-thp',
        },
      },
    ]
    const folder = t.testdir({ 'journal.jsonl': journal(events) })
    await writeReports(folder)
    const results = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8'))
    const placements = results.hosts[0].settings
    t.strictSame(
      placements.map(({ workload, guest }: { workload: string; guest: string }) => `${workload} ${guest}`),
      ['cpu', 'memory-1k', 'memory-1m'].flatMap((workload) => [
        `${workload} cross-4k`,
        `${workload} pinned-2m`,
      ]),
      'not the larger one',
    )
    // Figures of the journal vary by 2 % around one median.
    for (const { slowdown, slowdowns } of placements) {
      t.ok(
        slowdown.low <= 1.04 && slowdown.high >= 0.96 && slowdown.low < slowdown.high,
        JSON.stringify(slowdown),
      )
      t.equal(slowdowns.length, 6)
    }
    const markdown = readFileSync(join(folder, 'report.md'), 'utf8')
    t.match(
      markdown,
      /\n## CPUs and memory of the host\n[\s\S]*\n\| Computing primes \| cross-4k \| [\d.]+ × \| [\d.]+–[\d.]+ × \| on 0, 1 \| pages of 4 KiB, node 1 \|\n/,
    )
    t.match(markdown, /\n\| siblings-thp \| no two of its CPUs share a core \|\n/)
    t.match(markdown, /The reference is float-thp: /)
    const page = readFileSync(join(folder, 'report.html'), 'utf8')
    t.match(
      page,
      /CPUs and memory of the host<\/h2>\s*<figure[\s\S]*cross-4k[\s\S]*Why it was left out[\s\S]*siblings-thp/,
    )
    await writeReports(folder, 'id')
    t.strictSame(englishIn(readFileSync(join(folder, 'report.id.md'), 'utf8')), [], 'no English is left')

    const free = t.testdir({ 'journal.jsonl': journal(recordedEvents({ guests: ['guest1', 'guest2'] })) })
    await writeReports(free)
    t.notMatch(
      readFileSync(join(free, 'report.md'), 'utf8'),
      /CPUs and memory of the host/,
      'no section without data',
    )
  },
)

t.test(
  'guests that differ in the cache of their disk, or in their clock, stand beside each other',
  async (t) => {
    const disk = (cache: string) => [
      { target: 'vda', cache, read_only: 'no' },
      { target: 'vdb', cache: 'default', read_only: 'yes' },
    ]
    const events = recordedEvents({
      guests: ['none', 'writeback', 'unsafe', 'hpet'],
      blocks: 6,
      clocksource: 'tsc',
      clocks: { hpet: 'hpet' },
      levels: { none: 0.5 },
      placed: {
        none: { disks: disk('none') },
        writeback: { disks: disk('writeback') },
        unsafe: { disks: disk('unsafe') },
        hpet: { disks: disk('writeback') },
      },
    })
    const folder = t.testdir({ 'journal.jsonl': journal(events) })
    await writeReports(folder)
    const results = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8'))
    const [{ settings, findings }] = results.hosts
    t.strictSame(
      settings
        .filter(({ workload }: { workload: string }) => workload === 'cpu')
        .map(
          ({ setting, guest, reference }: Record<string, string>) =>
            `${setting}: ${guest} beside ${reference}`,
        ),
      [
        'disk-cache: none beside writeback',
        'disk-cache: unsafe beside writeback',
        'clock: hpet beside writeback',
      ],
      'the one that differs in two things stands beside nobody',
    )
    const textsOf = (wanted: string): string[] =>
      findings
        .filter(({ rule }: { rule: string }) => rule === wanted)
        .map(({ text }: { text: string }) => text)
    t.match(textsOf('setting-cost'), [
      /^Beside writeback, whose disk has another cache and which differs in nothing else on record, none takes (2\.0|1\.9\d) × as long at computing primes \([\d.]+–[\d.]+ ×\), /,
    ])
    t.strictSame(textsOf('setting-chance').length, 1)
    t.match(textsOf('setting-chance')[0], /^\d of 9 intervals .* about 0\.45\.$/)
    t.match(textsOf('unsafe-cache'), [/^A disk of unsafe has the cache unsafe: /])
    const markdown = readFileSync(join(folder, 'report.md'), 'utf8')
    t.match(
      markdown,
      /\n## Caches of a disk\n[\s\S]*\n\| Computing primes \| none \| [\d.]+ × \| [\d.]+–[\d.]+ × \| none \|\n[\s\S]*The reference is writeback: writeback\./,
    )
    t.match(markdown, /\n## Clocks of a guest\n[\s\S]*The reference is writeback: tsc\./)
    t.match(readFileSync(join(folder, 'report.html'), 'utf8'), /Caches of a disk<\/h2>\s*<figure/)
    await writeReports(folder, 'id')
    t.strictSame(englishIn(readFileSync(join(folder, 'report.id.md'), 'utf8')), [], 'no English is left')
  },
)

t.test('the same in Indonesian', async (t) => {
  const folder = t.testdir({ 'journal.jsonl': journal(recordedEvents()) })
  const written = await writeReports(folder, 'id')
  t.strictSame(
    written.files,
    ['report.id.html', 'report.id.md', 'results.json'].map((name) => join(folder, name)),
  )
  const golden = join(packageRoot, 'test/cases/reports/report.id.md')
  const markdown = readFileSync(join(folder, 'report.id.md'), 'utf8')
  if (process.env['TAP_SNAPSHOT'] === '1') writeFileSync(golden, markdown)
  t.equal(markdown, readFileSync(golden, 'utf8'), 'report.id.md is test/cases/reports/report.id.md')
  const words = [
    markdown,
    readFileSync(join(folder, 'report.id.html'), 'utf8').replace(
      /<style>[\s\S]*?<\/style>|<script>[\s\S]*?<\/script>|<pre>[\s\S]*?<\/pre>|<[^>]*>/g,
      ' ',
    ),
  ]
  for (const text of words) t.strictSame(englishIn(text), [], 'no English is left')
  t.match(written.summary.rows[0], [
    'Penghitungan bilangan prima',
    '4.370 events/s',
    '430 events/s',
    '9,8 %',
    '10,2 ×',
  ])
})

t.test('results.json holds all that was measured', async (t) => {
  const events = recordedEvents()
  const about = {
    time: '2026-11-23T15:05:00.000Z',
    kind: 'recorded',
    stage: 'benchmark',
    host: 'node-1',
  } as const
  const samples = events.flatMap((event) =>
    event.kind === 'recorded' && event.channel === 'sample' ? [event.data] : [],
  )
  const crowd = {
    hypervisor: 'node-1',
    scenario: 'contention',
    workload: 'cpu',
    block: 1,
    measured: ['debian-1'],
    skew_s: 0.1,
    samples: samples.slice(-2),
  }
  const skipped = { hypervisor: 'node-1', what: 'neighbour', why: 'there is one guest' }
  const folder = t.testdir({
    'journal.jsonl': journal([
      ...events,
      { ...about, channel: 'crowd', data: crowd },
      { ...about, channel: 'skipped', data: skipped },
    ]).replace('"pipeline":', '"resumes":"run-0","pipeline":'),
  })
  const file = join(folder, 'results.json')
  await writeReports(folder)
  const recorded = await readRecordedRun(folder)
  t.match(recorded, {
    resumes: 'run-0',
    benchmarks: [{ crowds: [{ scenario: 'contention' }], skipped: [{ what: 'neighbour' }] }],
  })
  const again = await readResultsFile(file)
  t.same(again, recorded)
  t.same(resultsJson(resultsOf(again)), JSON.parse(readFileSync(file, 'utf8')), 'read and written again')
})

t.test('hvlab report', async (t) => {
  const cwd = t.testdir({ results: { 'a-run': { 'journal.jsonl': journal(recordedEvents()) } } })
  let shown = ''
  const env = { cwd, stdout: (text: string) => (shown += text) }
  t.equal(await reportCommand(undefined, { format: 'auto' }, env), 0)
  const folder = join(cwd, 'results', 'a-run')
  t.equal(
    shown,
    `The guest debian-1 on node-1 is 10.2 × slower at computing primes, 43 × at 1 KiB memory writes and 6.5 × at 1 MiB memory writes.

workload                     native         guest  efficiency  slowdown  87.5 % interval
Computing primes     4,370 events/s  430 events/s       9.8 %    10.2 ×      10.0–10.3 ×
1 KiB memory writes     6,736 MiB/s     157 MiB/s       2.3 %      43 ×          42–43 ×
1 MiB memory writes    25,201 MiB/s   3,838 MiB/s      15.3 %     6.5 ×        6.4–6.6 ×

${join(folder, 'report.html')}
${join(folder, 'report.md')}
${join(folder, 'results.json')}
`,
  )
  shown = ''
  await reportCommand('a-run', { format: 'json' }, env)
  t.match(JSON.parse(shown), {
    files: [join(folder, 'report.html')],
    summary: { columns: ['workload', 'native'] },
  })
  await t.rejects(reportCommand('b-run', { format: 'auto' }, env), {
    message: `There is no run "b-run" in ${join(cwd, 'results')}.`,
  })
})

t.test('hosts stand in the order of the inventory, whichever began first', async (t) => {
  const names = ['node-10', 'node-2', 'node-1']
  const mixed = names.flatMap((hypervisor) => recordedEvents({ hypervisor }))
  const text = journal(mixed).replace('"hosts":["node-1"]}', '"hosts":["node-1","node-2","node-10"]}')
  const { benchmarks } = await readRecordedRun(t.testdir({ 'journal.jsonl': text }))
  t.same(
    benchmarks.map(({ design }) => design.hypervisor),
    ['node-1', 'node-2', 'node-10'],
  )
})

t.test('reading a journal', async (t) => {
  const events = recordedEvents()
  const failure = async (folder: string): Promise<unknown> => {
    try {
      return await readRecordedRun(folder)
    } catch (error) {
      return error instanceof FailureError ? error.failure : error
    }
  }
  t.match(await failure(t.testdir({ 'journal.jsonl': journal([]) })), {
    reason: 'module',
    code: 'report-no-samples',
    message: /^The run \S+ has no benchmark to report\.$/,
    hint: 'Run a pipeline with a benchmark stage, e.g. `hvlab up quick`.',
  })
  t.match(await failure(join(t.testdirName, 'nowhere')), { code: 'report-no-samples' })

  const record = { kind: 'recorded', stage: 'benchmark', host: 'node-1' }
  const strange = [
    ...journal(events).trimEnd().split('\n'),
    '[]',
    '7',
    JSON.stringify({ ...record, channel: 'something.new', data: { order: 'x' } }),
    JSON.stringify({ kind: 'recorded', stage: 'other', host: 'node-1', channel: 'sample', data: {} }),
    JSON.stringify({ kind: 'something.new' }),
    '{"kind":"recorded","stage":"bench',
  ].join('\n')
  const tolerant = await readRecordedRun(t.testdir({ 'journal.jsonl': strange }))
  t.equal(tolerant.benchmarks[0]?.samples.length, 30, 'unknown and cut lines are passed over')
  const odd = JSON.stringify({ ...record, channel: 'sample', data: { order: 'x' } })
  t.match(
    await failure(t.testdir({ odd: { 'journal.jsonl': `${journal(events)}${odd}\n` } }).concat('/odd')),
    {
      code: 'record-unreadable',
      message:
        'The run odd has a record of node-1 that cannot be read (sample): "hypervisor" is missing in it.',
    },
  )

  const retried = await readRecordedRun(
    t.testdir({ 'journal.jsonl': journal([...events.slice(0, 9), ...events]) }),
  )
  t.equal(retried.benchmarks[0]?.samples.length, 30, 'an attempt that was broken off is replaced')

  const [started] = journal([]).trim().split('\n')
  const resumed = JSON.stringify({ ...JSON.parse(started ?? ''), runId: 'second', resumes: 'first' })
  const results = t.testdir({
    first: { 'journal.jsonl': journal(events, 'first') },
    second: { 'journal.jsonl': `${resumed}\n` },
  })
  const chain = await readRecordedRun(join(results, 'second'))
  t.equal(chain.runId, 'second')
  t.equal(chain.benchmarks[0]?.samples.length, 30, 'a resumed run reports what the first one measured')
  const took = JSON.stringify({ kind: 'task.finished', time: 'x', module: 'benchmark', resumed: true })
  const lost = t.testdir({ second: { 'journal.jsonl': `${resumed}\n${took}\n` } })
  t.match(await failure(join(lost, 'second')), {
    code: 'journal-missing',
    message: `The run second continued first, which measured for it, and there is no journal.jsonl in ${lost}/first.`,
  })
  const outside = JSON.stringify({ ...JSON.parse(started ?? ''), resumes: '../first' })
  const escaped = t.testdir({ 'journal.jsonl': `${outside}\n` })
  t.match(
    await failure(escaped),
    { code: 'report-no-samples' },
    'a run is never read from outside the results folder',
  )
})

t.test('markup', async (t) => {
  t.equal(escapeHtml(`<a href="x">&'`), "&lt;a href=&quot;x&quot;&gt;&amp;'")
  t.equal(
    html`<p title="${'"'}">${'<b>'}${html`<i>${1}</i>`}${[html`a`, html`b`]}</p>`.text,
    '<p title="&quot;">&lt;b&gt;<i>1</i>a\nb</p>',
  )
  t.equal(prose('8.1–8.9 × & 5 µs').text, '8.1\u2060–\u20608.9\u00a0× &amp; 5\u00a0µs')
})

t.test('report.html in a browser', async (t) => {
  const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
    existsSync,
  )
  if (executablePath === undefined) {
    if (process.env['CI'] === 'true') return t.fail('CI has no Chromium at /usr/bin/chromium')
    return t.pass('NOT CHECKED: there is no Chromium on this machine (apt-get install chromium)')
  }
  const events = [
    ...recordedEvents({ guests: ['debian-1', 'a<b>"c'], os: hostile, crowded: 1.5 }),
    ...recordedEvents({ hypervisor: 'node-2', guests: ['ubuntu-1'], clocksource: 'kvm-clock' }),
  ]
  const pages = {
    one: t.testdir({
      one: { 'journal.jsonl': journal(recordedEvents()) },
      many: { 'journal.jsonl': journal(events) },
    }),
  }
  for (const name of ['one', 'many']) await writeReports(join(pages.one, name))
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })
  t.teardown(() => browser.close())
  const papers: string[] = []
  for (const [name, colorScheme, width] of [
    ['one', 'light', 1200],
    ['one', 'dark', 390],
    ['many', 'dark', 1200],
    ['many', 'light', 390],
  ] as const) {
    const where = `${name}, ${colorScheme}, ${width} px`
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme })
    const complaints: string[] = []
    const requests: string[] = []
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('dialog', (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
    page.on('request', (request) => requests.push(request.url()))
    const url = pathToFileURL(join(pages.one, name, 'report.html')).href
    await page.goto(url)
    t.strictSame(complaints, [], `${where}: the browser has nothing to complain about`)
    t.strictSame(
      requests.filter((request) => !request.startsWith('data:')),
      [url],
      `${where}: nothing but the page is asked for`,
    )
    // Text, not functions: the compiled test must send nothing of its own helpers into the page.
    const seen = (await page.evaluate(`(() => {
      const visible = [...document.querySelectorAll('figure svg')].filter((svg) => svg.getBoundingClientRect().height > 100)
      return {
        charts: visible.length,
        widest: Math.max(...visible.map((svg) => svg.getBoundingClientRect().width)),
        dots: visible[0].querySelectorAll('path[fill="var(--guest)"]').length,
        chartText: visible[0].textContent,
        cut: [...visible[0].querySelectorAll('text')].filter((text) => text.getBoundingClientRect().right > innerWidth).length,
        page: document.documentElement.scrollWidth,
        paper: getComputedStyle(document.body).backgroundColor,
        dot: getComputedStyle(visible[0].querySelector('path[fill="var(--guest)"]')).fill,
        scripts: document.scripts.length,
        images: document.images.length,
        heading: document.querySelector('h1').textContent,
        body: document.body.textContent,
      }
    })()`)) as Record<string, string> &
      Record<'charts' | 'widest' | 'dots' | 'cut' | 'page' | 'scripts' | 'images', number>
    t.equal(
      seen.charts,
      name === 'one' ? 4 : 8,
      `${where}: the slowdown chart, each host's trials of three workloads, contention`,
    )
    t.ok(seen.dots >= (name === 'one' ? 3 : 9), `${where}: a dot for every comparison`)
    t.match(seen['chartText'], /native.*43 ×/s, `${where}: the chart has its scale and values`)
    t.ok(seen.page <= width, `${where}: no sideways scrolling`)
    t.ok(seen.widest <= width, `${where}: charts fit`)
    t.equal(seen.cut, 0, `${where}: no label of the chart is cut`)
    t.same([seen.scripts, seen.images], [1, 0], `${where}: our script, no image, whatever hosts are called`)
    t.match(seen['dot'], /^rgb\((184, 71, 42|238, 138, 104)\)$/, `${where}: chart colours follow the page`)
    t.match(seen['body'], /geometric mean/i, `${where}: beside the list`)
    if (name === 'one') t.match(seen['heading'], /^The guest debian-1 on node-1 is 10\.2\s×\sslower/)
    else t.match(seen['body'], /Host by host:\s+node-1\s+node-2.*node-1: what the figures mean/s)
    if (name === 'many')
      t.match(seen['body'], /Evil"OS' <script>alert\(1\)<\/script>/, `${where}: hostile text is text`)
    const slowdowns = `[...document.querySelectorAll('table.sortable')[0].tBodies[0].rows].map((row) => parseFloat(row.cells[4].textContent))`
    const before = (await page.evaluate(slowdowns)) as number[]
    // On a phone the first table has no head to click.
    if (width > 700) {
      const head = page.locator('table.sortable').first().getByRole('button', { name: 'Slowdown' })
      await head.click()
      t.same(
        await page.evaluate(slowdowns),
        before.toSorted((one, other) => one - other),
        `${where}: sorted`,
      )
      await head.click()
      t.same(
        await page.evaluate(slowdowns),
        before.toSorted((one, other) => other - one),
        `${where}: and the other way round`,
      )
    }
    papers.push(seen['paper'] ?? '')
    if (width > 700) {
      t.strictSame(
        await page.evaluate(`(() => {
          for (const part of document.querySelectorAll('details')) part.open = true
          return [...document.querySelectorAll('.scroll')]
            .filter((box) => box.scrollWidth > box.clientWidth)
            .map((box) => box.textContent.trim().slice(0, 60))
        })()`),
        [],
        `${where}: every column of every table is seen`,
      )
      // A4 less the margins: 180 mm at 96 dpi.
      await page.emulateMedia({ media: 'print' })
      await page.setViewportSize({ width: 680, height: 900 })
      t.strictSame(
        await page.evaluate(
          `[...document.querySelectorAll('table')].filter((table) => table.getBoundingClientRect().right > 680).map((table) => table.textContent.slice(0, 60))`,
        ),
        [],
        `${where}: no table is cut on paper`,
      )
    }
    await page.close()
  }
  const wide = join(pages.one, 'wide')
  const ten = Array.from({ length: 10 }, (_, index) => ({
    ...(workloads[index % workloads.length] as Workload),
    id: `workload-${index}`,
    title: `Workload number ${index} of ten`,
  }))
  const guests = ['first', 'second', 'third'].map((name) => `${name}-guest`)
  mkdirSync(wide)
  writeFileSync(
    join(wide, 'journal.jsonl'),
    journal(
      ['node-1', 'node-2', 'node-3'].flatMap((hypervisor) =>
        recordedEvents({
          hypervisor,
          guests,
          workloads: ten,
          blocks: 6,
          placed: Object.fromEntries(guests.map((guest, index) => [guest, { memory_mib: 2900 + index }])),
        }),
      ),
    ),
  )
  await writeReports(wide)
  const paper = await browser.newPage({ viewport: { width: 680, height: 900 } })
  await paper.goto(pathToFileURL(join(wide, 'report.html')).href)
  await paper.emulateMedia({ media: 'print' })
  t.strictSame(
    await paper.evaluate(
      `[...document.querySelectorAll('table')].filter((table) => table.getBoundingClientRect().right > 680).map((table) => table.textContent.slice(0, 60))`,
    ),
    [],
    'ten workloads in nine guests: no table is cut on paper',
  )
  await paper.emulateMedia({ media: 'screen' })
  await paper.setViewportSize({ width: 390, height: 900 })
  t.strictSame(
    await paper.evaluate(
      `[...document.querySelector('.machines tbody tr').cells].map((cell) => cell.tagName === 'TD' ? getComputedStyle(cell, '::before').content : '')`,
    ),
    ['', '"native (node-1)"', ...guests.map((guest) => `"${guest}"`)],
    'four machines on a phone: each value says whose it is',
  )
  await paper.close()
  const sorted = await browser.newPage()
  for (const [lang, cells, expected] of [
    [
      'en',
      ['1.61 s', '813 ms', '—', '2 min 5 s', '5.40 µs'],
      ['5.40 µs', '813 ms', '1.61 s', '2 min 5 s', '—'],
    ],
    ['id', ['1,61 s', '1.813 ms', '9 µs'], ['9 µs', '1,61 s', '1.813 ms']],
    ['en', ['1 MiB writes', 'Primes', '1 KiB writes'], ['1 KiB writes', '1 MiB writes', 'Primes']],
    ['en', ['1 MiB writes', '1 KiB writes'], ['1 KiB writes', '1 MiB writes']],
    ['en', ['10', '2, attempt 2', 'warm-up', '2'], ['2', '2, attempt 2', '10', 'warm-up']],
    [
      'en',
      ['1,200 MiB/s', '−3.1 %', '300 MiB/s', 'not known'],
      ['−3.1 %', '300 MiB/s', '1,200 MiB/s', 'not known'],
    ],
  ] as const) {
    const rows = cells.map((cell) => `<tr><td>${cell}</td></tr>`).join('')
    await sorted.setContent(
      `<html lang="${lang}"><table class="sortable"><thead><tr><th>head</th></tr></thead><tbody>${rows}</tbody></table><script>${sortingScript}</script></html>`,
    )
    await sorted.getByRole('button').click()
    t.strictSame(await sorted.locator('td').allTextContents(), expected)
  }
  t.strictSame(papers, ['rgb(252, 251, 248)', 'rgb(21, 24, 28)', 'rgb(21, 24, 28)', 'rgb(252, 251, 248)'])
  return
})

/** Words that Indonesian does not have, outside commands. */
function englishIn(text: string): string[] {
  return (
    text
      .replace(/```[\s\S]*?```/g, '')
      .match(
        /\b(?:the|of|and|is|are|with|from|was|were|in|on|which|than|at|but|guests|hosts|trials|blocks)\b.{0,60}/g,
      ) ?? []
  )
}
