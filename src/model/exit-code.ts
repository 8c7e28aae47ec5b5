/** Exit codes of the `hvlab` command. The order of precedence is the engine's: interrupted, failed, unreachable, gates. */
export const ExitCode = {
  ok: 0,
  usage: 1,
  taskFailed: 2,
  regression: 3,
  unreachable: 4,
  inconclusive: 5,
  deadline: 6,
  interrupted: 130,
  terminated: 143,
} as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]
