import type { OutputFormat, Renderer, RendererOptions } from '../model/renderer.ts'
import { adhocRenderer } from './adhoc.ts'
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
      return adhocRenderer({ paint, diff: options.diff, stdout, stderr })
    default:
      return plain()
  }
}

function chosen(options: RendererOptions, { stderr, env }: Screen): OutputFormat {
  if (options.format !== 'auto') return options.format
  const interactive = stderr.isTTY === true && !env['CI'] && env['TERM'] !== 'dumb'
  // Verbose output and diffs are for reading back, which a redrawn picture cannot give.
  return interactive && options.verbosity === 0 && !options.diff ? 'tty' : 'plain'
}

/** https://no-color.org, and FORCE_COLOR as Node reads it. */
export function wantsColor({ stderr, env }: Screen): boolean {
  if (env['NO_COLOR']) return false
  if (env['FORCE_COLOR'] !== undefined) return env['FORCE_COLOR'] !== '0'
  return stderr.isTTY === true && env['TERM'] !== 'dumb'
}
