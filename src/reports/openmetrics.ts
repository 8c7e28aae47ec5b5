import { contaminated, countingSamples } from '../bench/counting-samples.ts'
import type { RecordedRun } from '../bench/recorded-run.ts'
import { type HistoryPoint, type Series, seriesOf } from '../verdicts/history.ts'
import type { Quantity } from '../verdicts/vocabulary.ts'

/** A family of the export: its name without unit suffix rules of our own, what it counts, and its samples. */
interface Family {
  readonly name: string
  readonly help: string
  readonly unit?: string
  readonly samples: readonly Sample[]
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  /** Unix time in seconds. */
  readonly at: number
}

/**
 * OpenMetrics text 1.0: one sample for each run, at the time when the run started, so that many runs make a time series.
 * A family's samples stand together and each series is in order of time, as the format demands. Prometheus takes it with
 * `promtool tsdb create-blocks-from openmetrics`.
 */
export function openMetrics(runs: readonly RecordedRun[]): string {
  const families = [...measureFamilies(seriesOf(runs)), ...trialFamilies(runs)]
  return `${families
    .filter(({ samples }) => samples.length > 0)
    .map(familyText)
    .join('')}# EOF\n`
}

function measureFamilies(series: readonly Series[]): Family[] {
  const of = (quantity: Quantity, read: (point: HistoryPoint) => number | undefined): Sample[] =>
    series
      .filter(({ points }) => points[0]?.measure.quantity === quantity)
      .flatMap(({ points, ...about }) => points.flatMap((point) => sampleOf(point, about, read(point))))
  const rates = (read: (point: HistoryPoint) => number | undefined): Sample[] => [
    ...of('guest', read),
    ...of('native', read),
  ]
  return [
    {
      name: 'hvlab_efficiency_ratio',
      unit: 'ratio',
      help: 'Median performance of a guest as a share of native.',
      samples: of('efficiency', ({ median }) => median),
    },
    {
      name: 'hvlab_efficiency_low_ratio',
      unit: 'ratio',
      help: 'Lower end of the interval of hvlab_efficiency_ratio.',
      samples: of('efficiency', ({ low }) => low),
    },
    {
      name: 'hvlab_efficiency_high_ratio',
      unit: 'ratio',
      help: 'Upper end of the interval of hvlab_efficiency_ratio.',
      samples: of('efficiency', ({ high }) => high),
    },
    {
      name: 'hvlab_efficiency_level_ratio',
      unit: 'ratio',
      help: 'How surely that interval holds the true value: 0.95, or less when there are few blocks.',
      samples: of('efficiency', ({ level }) => level),
    },
    {
      name: 'hvlab_slowdown_ratio',
      unit: 'ratio',
      help: 'How many times longer a guest takes than native; 1 / efficiency.',
      samples: of('efficiency', ({ median }) => 1 / median),
    },
    {
      name: 'hvlab_result',
      help: 'Median of a workload on a subject, in the unit of the label unit.',
      samples: rates(({ median }) => median),
    },
    {
      name: 'hvlab_blocks',
      help: 'Complete blocks behind hvlab_efficiency_ratio.',
      samples: of('efficiency', ({ blocks }) => blocks),
    },
  ]
}

function sampleOf(
  { startedAt, measure }: HistoryPoint,
  { host, subject }: Pick<Series, 'host' | 'subject'>,
  value: number | undefined,
): Sample[] {
  const at = Date.parse(startedAt) / 1000
  if (value === undefined || !Number.isFinite(at)) return []
  const rate = measure.quantity === 'efficiency' ? {} : { kind: measure.quantity, unit: measure.metric.unit }
  return [{ labels: { host, subject, workload: measure.workload.id, ...rate }, value, at }]
}

/** How many trials were made, and how many of them failed a gate. */
function trialFamilies(runs: readonly RecordedRun[]): Family[] {
  const counts = runs
    .flatMap((run) =>
      [...new Set(run.benchmarks.map(({ design }) => design.hypervisor))].map((host) => {
        // A host may have several benchmarks, a stage each.
        const own = run.benchmarks.filter(({ design }) => design.hypervisor === host)
        const measured = own.flatMap(({ samples }) => countingSamples(samples))
        const taken = own.flatMap(({ samples }) => samples.filter(({ warm_up }) => !warm_up))
        return {
          host,
          at: Date.parse(run.startedAt) / 1000,
          all: measured.length,
          contaminated: measured.filter(contaminated).length,
          repeated: taken.length - measured.length,
        }
      }),
    )
    .filter(({ at }) => Number.isFinite(at))
    .toSorted((one, other) => (one.host < other.host ? -1 : one.host > other.host ? 1 : 0))
  const samples = (read: (count: (typeof counts)[number]) => number): Sample[] =>
    counts.map((count) => ({ labels: { host: count.host }, value: read(count), at: count.at }))
  return [
    {
      name: 'hvlab_trials',
      help: 'Trials that count: one for each subject, workload and block.',
      samples: samples(({ all }) => all),
    },
    {
      name: 'hvlab_trials_contaminated',
      help: 'Trials that count and failed a gate every time they were taken.',
      samples: samples((count) => count.contaminated),
    },
    {
      name: 'hvlab_trials_repeated',
      help: 'Attempts that failed a gate and were taken again.',
      samples: samples((count) => count.repeated),
    },
  ]
}

/** The samples of a series stand together, and there is one at a time, though a run be named twice. */
function familyText({ name, help, unit, samples }: Family): string {
  const series = new Map<string, Map<number, number>>()
  for (const { labels, value, at } of samples) {
    const key = labelText(labels)
    series.set(key, (series.get(key) ?? new Map<number, number>()).set(at, number(value)))
  }
  return [
    `# TYPE ${name} gauge`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escaped(help)}`,
    ...[...series].flatMap(([labels, points]) =>
      [...points]
        .toSorted(([one], [other]) => one - other)
        .map(([at, value]) => `${name}{${labels}} ${value} ${at}`),
    ),
    '',
  ].join('\n')
}

/** Nine digits: more than any tool prints, and none of a double's noise. */
function number(value: number): number {
  return Number(value.toPrecision(9))
}

function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',')
}

/** OpenMetrics escapes these three in label values and help texts. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
}
