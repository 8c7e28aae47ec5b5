import { writeSync } from 'node:fs'

const SHOW_CURSOR = '\u001b[?25h'
const HIDE_CURSOR = '\u001b[?25l'

/** Ctrl-Z while a picture is drawn: the shell gets its cursor back, and the picture loses it again after `fg`. */
export function onSuspension({ fd }: { readonly fd?: number }): Disposable {
  // Past the stream, of which listr2 keeps what others write until it draws again.
  const write = (text: string) => {
    try {
      if (fd !== undefined) writeSync(fd, text)
    } catch {
      // A terminal that takes nothing now.
    }
  }
  const stop = () => {
    write(SHOW_CURSOR)
    process.kill(process.pid, 'SIGSTOP')
  }
  const goOn = () => write(HIDE_CURSOR)
  process.on('SIGTSTP', stop).on('SIGCONT', goOn)
  return {
    [Symbol.dispose]() {
      process.off('SIGTSTP', stop).off('SIGCONT', goOn)
    },
  }
}
