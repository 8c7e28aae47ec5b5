import { quote } from '../util/sh.ts'
import type { Results } from './results.ts'

/** What has to be the same for the same figures: name and value. */
export function ingredients({ run, hosts }: Results): [name: string, value: string][] {
  const environments = hosts.flatMap(({ benchmark }) => benchmark.environments)
  const images = new Map<string, string[]>()
  for (const { subject, domain } of environments) {
    const image = domain?.image
    if (image === null || image === undefined) continue
    const digest = image.sha256 === null ? '' : `, sha256 ${image.sha256}`
    const text = `${image.name}, key ${image.key}${digest}`
    images.set(text, [...(images.get(text) ?? []), subject])
  }
  const own = [...images].map(([text, guests]) =>
    images.size === 1 ? text : `${guests.join(', ')}: ${text}`,
  )
  return [
    ['hvlab', run.version],
    ['Pipeline', run.file],
    ...(run.inventory === null
      ? []
      : ([
          ['Inventory', run.inventory.sources.join(', ')],
          ['Hosts', run.inventory.hosts.join(', ')],
        ] as [string, string][])),
    ...own.map((text): [string, string] => ['Image', text]),
    ['Seeds', seeds(hosts).join(', ')],
  ]
}

/** How to get these figures again. */
export function reproduction({ run, hosts }: Results): string[] {
  const [seed, ...more] = seeds(hosts)
  return [
    run.command ?? runCommand(run.file),
    ...(seed === undefined || more.length > 0
      ? []
      : [`# the same order of trials: -e benchmark_seed=${seed}, or seed: ${seed} of the module benchmark`]),
    `hvlab report ${run.runId}   # these files again from the journal`,
  ]
}

/** Commands of the workloads, as they ran; the number of a trial stays `{trial}`. */
export function commands({ hosts }: Results): string[] {
  const all = hosts.flatMap(({ benchmark: { design, samples } }) =>
    samples
      .filter((sample) => !sample.warm_up)
      .map(({ workload, argv }) => {
        const template = design.workloads.find(({ id }) => id === workload)?.argv ?? []
        return argv.map((word, index) => quote(unnumbered(word, template[index]))).join(' ')
      }),
  )
  return [...new Set(all)]
}

function unnumbered(word: string, template = ''): string {
  return /\{trial\}\D*$/.test(template) ? word.replace(/\d+(?=\D*$)/, '{trial}') : word
}

function seeds(hosts: Results['hosts']): number[] {
  return [...new Set(hosts.map(({ benchmark }) => benchmark.design.seed))]
}

/** For journals without the command. A pipeline in a `pipelines` folder goes by its name, any other by its path. */
function runCommand(file: string): string {
  const name = /(?:^|\/)pipelines\/([\w-]+)\.ya?ml$/.exec(file)?.[1]
  return name === undefined ? `hvlab run ${quote(file)}` : `hvlab up ${name}`
}
