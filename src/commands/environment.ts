import type { Renderer, RendererOptions } from '../model/renderer.ts'

/** What a command may reach of the process it runs in; made by `main.ts`, or by a test. */
export interface CommandEnvironment {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** hvlab's own version. */
  readonly version: string
  readonly color: boolean
  /** Results, for people or programs. */
  stdout(text: string): void
  /** Messages for people. */
  stderr(text: string): void
  /** Only `main.ts` knows the renderers. */
  renderer(options: RendererOptions): Promise<Renderer>
  /** Calls back for every SIGINT, SIGTERM, SIGHUP and SIGQUIT until disposed. */
  onSignal(listener: (signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGQUIT') => void): Disposable
}
