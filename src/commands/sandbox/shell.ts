import { runInTerminal } from '../../connections/terminal.ts'
import { remoteWords } from '../../lab/access/ssh-command.ts'
import { FailureError } from '../../model/failure.ts'
import type { CommandEnvironment } from '../environment.ts'
import { sshFiles } from '../ssh-files.ts'
import { runSandbox, type SandboxHost } from './sandbox-hosts.ts'
import { questionOf, type SandboxQuestion } from './status.ts'

/** `hvlab sandbox shell HOST [-- COMMAND]`: a login as root, or one command whose exit code becomes ours. */
export async function sandboxShellCommand(
  host: string,
  command: readonly string[],
  options: SandboxQuestion,
  env: CommandEnvironment,
): Promise<number> {
  const { exitCode, sandbox } = await runSandbox(questionOf(options), 'sandbox shell', options, env)
  if (sandbox === undefined) return exitCode
  const { address, host_key: hostKey } = chooseHost(host, sandbox.hosts)
  const login = {
    names: [host],
    address,
    user: 'root',
    keyFile: sandbox.key_file,
    hostKey,
    hypervisor: 'localhost',
    reach: { kind: 'local' as const },
  }
  await using files = await sshFiles([login])
  return await runInTerminal(['ssh', '-F', files.configFile, host, ...remoteWords(command)], {
    shareStreams: command.length > 0,
  })
}

export function chooseHost(name: string, hosts: readonly SandboxHost[]): SandboxHost {
  const [found, other] = hosts.filter(({ host }) => host === name)
  if (other !== undefined)
    throw failure(
      `Several sandboxes have a host ${name}: ${found?.sandbox}, ${other.sandbox}.`,
      'Say which with --name.',
    )
  if (found === undefined)
    throw failure(
      `There is no sandbox host ${name} on this machine.`,
      hosts.length > 0
        ? `There are: ${hosts.map(({ host }) => host).join(', ')}.`
        : '`hvlab sandbox up` makes them.',
    )
  if (found.state !== 'running')
    throw failure(`The sandbox host ${name} does not run.`, '`hvlab sandbox up` boots it again.')
  return found
}

function failure(message: string, hint: string): FailureError {
  return new FailureError({ reason: 'config', code: 'sandbox-host-unknown', message, hint })
}
