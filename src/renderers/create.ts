import type { OutputFormat, Renderer, RendererOptions } from '../model/renderer.ts'
import { adhocRenderer, silentRenderer } from './adhoc.ts'
import { AnswerLine } from './answer-line.ts'
import { jsonRenderer } from './json.ts'
import { jsonlRenderer } from './jsonl.ts'
import { plainRenderer } from './plain.ts'
import { painter } from './style.ts'

/** The process that renderers write to. */
export interface Screen {
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly env: Readonly<Record<string, string | undefined>>
}

/** The renderer for a format; `auto` is a picture on a terminal and plain lines in CI, pipes and dumb terminals. */
export async function createRenderer(options: RendererOptions, screen: Screen): Promise<Renderer> {
  const stdout = (text: string) => void screen.stdout.write(text)
  const stderr = (text: string) => void screen.stderr.write(text)
  const paint = painter(wantsColor(screen))
  const plain = () =>
    plainRenderer({ paint, verbosity: options.verbosity, diff: options.diff, stdout, stderr })
  const line = () => (isInteractive(screen) ? new AnswerLine(screen.stderr, paint) : undefined)
  switch (chosen(options, screen)) {
    case 'tty': {
      const { ttyRenderer } = await import('./tty.ts')
      return ttyRenderer({ paint, terminal: screen.stderr, results: screen.stdout })
    }
    case 'json':
      return jsonRenderer(plain(), stdout)
    case 'jsonl':
      return jsonlRenderer(stdout)
    case 'adhoc':
      return adhocRenderer({ paint, diff: options.diff, line: line(), stdout, stderr })
    case 'silent':
      return silentRenderer(line())
    default:
      return plain()
  }
}

function chosen(options: RendererOptions, screen: Screen): OutputFormat {
  if (options.format !== 'auto') return options.format
  // Verbose output and diffs are for reading back, which a redrawn picture cannot give.
  return isInteractive(screen) && options.verbosity === 0 && !options.diff ? 'tty' : 'plain'
}

/** Whether somebody looks at it who sees what is drawn again. */
function isInteractive({ stderr, env }: Screen): boolean {
  return stderr.isTTY === true && !env['CI'] && env['TERM'] !== 'dumb'
}

/** https://no-color.org, and FORCE_COLOR as Node reads it. */
export function wantsColor({ stderr, env }: Screen): boolean {
  if (env['NO_COLOR']) return false
  if (env['FORCE_COLOR'] !== undefined) return env['FORCE_COLOR'] !== '0'
  return stderr.isTTY === true && env['TERM'] !== 'dumb'
}
