import type { Writable } from 'node:stream'
import { DefaultRenderer, Listr, ListrLogger, type ListrTaskWrapper, ProcessOutput } from 'listr2'
import type { Event, Note } from '../model/event.ts'
import type { Renderer } from '../model/renderer.ts'
import { grouped, type HostFailure } from '../util/failure-groups.ts'
import { taskFailures } from './failure-text.ts'
import { finalFailure, gathered, noteText, stageFailures } from './messages.ts'
import { recapText } from './recap.ts'
import { applyEvent, emptyView } from './run-view.ts'
import { fit, type Paint } from './style.ts'
import { onSuspension } from './suspension.ts'
import { stageLines } from './tty-lines.ts'

/** listr2 draws the whole tree at every event; five times a second is enough for
 * eyes, and leaves the CPU to what is measured. */
const REDRAW_MS = 200

export interface TtyOptions {
  readonly paint: Paint
  /** The terminal: drawing goes here. */
  readonly terminal: Writable & { readonly columns?: number; readonly fd?: number }
  /** Where the recap and the result table go. */
  readonly results: Writable
}

/** The picture on a terminal: rows are stages, and the hosts of the running stages. listr2 only draws. */
export function ttyRenderer({ paint, terminal, results }: TtyOptions): Renderer {
  const view = emptyView()
  const rows = new Map<string, Row>()
  const notes: Note[] = []
  const failures: HostFailure[] = []
  const others: string[] = []
  let drawing: Promise<unknown> | undefined
  let ticker: NodeJS.Timeout | undefined
  let suspension: Disposable | undefined

  function start(): void {
    terminal.write(`${paint('bold', 'hvlab')} ${view.title}\n`)
    for (const name of view.stages.keys()) rows.set(name, newRow())
    const list = new Listr(
      [...rows].map(([name, row]) => ({
        title: titleOf(name),
        task: async (
          _context: unknown,
          task: ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof DefaultRenderer>,
        ) => {
          row.retitle = (title) => {
            if (task.title !== title) task.title = title
          }
          row.retitle(titleOf(name))
          await row.ended
        },
      })),
      {
        concurrent: true,
        exitOnError: false,
        registerSignalListeners: false,
        renderer: CalmRenderer,
        rendererOptions: {
          formatOutput: 'truncate',
          logger: new ListrLogger({
            useIcons: false,
            processOutput: new ProcessOutput(terminal as NodeJS.WriteStream, terminal as NodeJS.WriteStream),
          }),
        },
      },
    )
    suspension = onSuspension(terminal)
    drawing = list.run()
    ticker = setInterval(retitleAll, REDRAW_MS)
  }

  function titleOf(name: string): string {
    const stage = view.stages.get(name)
    if (!stage) return name
    // listr2 leaves two columns free and looks at stdout, which may be a file while the terminal is stderr.
    const columns = (terminal.columns ?? 80) - 2
    return stageLines(view, stage, Date.now(), paint, columns)
      .map((line) => fit(line, columns))
      .join('\n')
  }

  function retitleAll(): void {
    for (const [name, row] of rows) row.retitle?.(titleOf(name))
  }

  async function stop(): Promise<void> {
    clearInterval(ticker)
    retitleAll()
    for (const row of rows.values()) row.end()
    await drawing
    drawing = undefined
    suspension?.[Symbol.dispose]()
  }

  let closing: Promise<void> | undefined
  return {
    handle(event: Event) {
      applyEvent(view, event)
      if (event.kind === 'run.started') start()
      if (event.kind === 'note') notes.push(event)
      const failure = finalFailure(event)
      if (event.kind === 'run.finished') others.push(...stageFailures(event, paint, terminal.columns))
      if (failure) failures.push(failure)
    },
    close() {
      closing ??= stop().then(() => {
        if (notes.length > 0)
          terminal.write(
            `\n${gathered(notes)
              .map((note) => noteText(note, paint, terminal.columns))
              .join('\n')}\n`,
          )
        const told = grouped(failures).map((group) => taskFailures(group, paint, terminal.columns))
        if (told.length + others.length > 0) terminal.write(`\n${[...told, ...others].join('\n\n')}\n`)
        if (view.finished) results.write(`\n${recapText(view.finished, paint, terminal.columns)}`)
      })
      return closing
    },
  }
}

interface Row {
  retitle?: (title: string) => void
  end: () => void
  ended: Promise<void>
}

function newRow(): Row {
  let end = () => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  return { end, ended }
}

class CalmRenderer extends DefaultRenderer {
  /** Whether to draw was decided by `create.ts`; listr2 would look at stdout and fall back to plain lines. */
  static override nonTTY = true
  #drawnAt = 0

  override update(): void {
    const now = Date.now()
    if (now - this.#drawnAt < REDRAW_MS) return
    this.#drawnAt = now
    super.update()
  }

  /** Titles carry their own signs, because a stage that has not begun must not look busy. */
  protected override style(): string {
    return ''
  }
}
