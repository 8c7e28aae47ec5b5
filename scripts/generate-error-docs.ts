// The page of failures, made from the catalogue of codes: `npm run generate` writes docs/errors.md. A test compares the two.
import { errorCodes } from '../src/model/error-codes.ts'
import { ExitCode } from '../src/model/exit-code.ts'

const introduction = `# Errors

Every failure has a code, a message that says where and why, and mostly a hint that says what to do. The code stays the same from
version to version; scripts may rely on it. It is in the journal, in \`--format json\` and in \`--format jsonl\` too.

## A mistake in a file

Found before anything is touched, all of them at once, exit code 1:

\`\`\`text
pipelines/mine.yml:6:31: error: apt: unknown parameter stat
  6 |         apt: {name: sysbench, stat: latest}
    |                               ~~~~
  hint: did you mean "state"?

1 error
\`\`\`

## A task that failed

\`\`\`text
✖ deploy · localhost · guests : Network of the guests
  A libvirt network named hvlab on localhost was not made by hvlab; it is not touched.
  hint: Give the lab’s network another name: hvlab_network.name.
  at roles/guests/tasks/main.yml:7 [network-not-ours]
\`\`\`

The first line says stage, host and task. Evidence, such as the end of a serial log, follows the message. The last line holds the
place of the task and the code.

Hosts that failed alike stand in one such block, as \`node[1-40,42]\`. In its message \`<host>\` is a host's own name and \`…\` the few words that
differ; below it they stand with their hosts. \`--format json\` and the journal have every failure whole.
`

/** The type demands a sentence for each. */
const exitCodes: Readonly<Record<keyof typeof ExitCode, string>> = {
  ok: 'Everything went well.',
  usage: 'A command line, file or inventory is wrong, or no host matched. Nothing was touched.',
  taskFailed: 'A task failed on a host.',
  regression: 'A gate says that something became slower.',
  unreachable: 'A host was not reached, and nothing else failed.',
  inconclusive: 'A gate cannot say.',
  deadline: 'The time of `--deadline` passed.',
  interrupted:
    'Interrupted with Ctrl-C. When something is left to do, the run says how `--resume` continues it.',
  terminated:
    'Ended by SIGTERM or SIGQUIT, or because its terminal was closed. The run can be continued with `--resume`.',
}

/** The whole page. */
export function errorDocs(): string {
  const numbers = Object.entries(ExitCode) as [keyof typeof ExitCode, number][]
  return [
    introduction,
    '## Exit codes\n',
    table(
      ['code', 'meaning'],
      numbers.map(([name, number]) => [String(number), exitCodes[name]]),
    ),
    '`hvlab ssh GUEST -- COMMAND` ends with the exit code of the command.\n',
    '## Codes\n',
    table(
      ['code', 'meaning'],
      Object.entries(errorCodes).map(([code, sentence]) => [`\`${code}\``, sentence]),
    ),
    'This page is generated: `npm run generate`.\n',
  ].join('\n')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return `${[line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')}\n`
}
