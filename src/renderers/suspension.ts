import type { Writable } from 'node:stream'

const SHOW_CURSOR = '\u001b[?25h'
const HIDE_CURSOR = '\u001b[?25l'

/** Ctrl-Z while a picture is drawn: the shell gets its cursor back, and the picture loses it again after `fg`. */
export function onSuspension(terminal: Writable): Disposable {
  const stop = () => {
    terminal.write(SHOW_CURSOR, () => process.kill(process.pid, 'SIGSTOP'))
  }
  const goOn = () => {
    terminal.write(HIDE_CURSOR)
  }
  process.on('SIGTSTP', stop).on('SIGCONT', goOn)
  return {
    [Symbol.dispose]() {
      process.off('SIGTSTP', stop).off('SIGCONT', goOn)
    },
  }
}
