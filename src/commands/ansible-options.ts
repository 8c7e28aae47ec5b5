/** Where a secret may stand: nobody else sees it there, unlike on a command line, which every user of the machine can list. */
const secretFile = 'put it into a file that only you may read, and give that with -e @FILE'

/** Options that people know from Ansible, and what does the same here. */
const instead: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '-K --ask-become-pass --become-password-file': `hvlab asks for no passwords; set ansible_become_password: ${secretFile}`,
    '-k --ask-pass --connection-password-file': `hvlab asks for no passwords; set ansible_password: ${secretFile}`,
    '-J --ask-vault-pass --ask-vault-password --vault-id --vault-password-file --vault-pass-file': `hvlab has no vault; for a secret: ${secretFile}`,
    '-u --user': 'say it with a variable: -e ansible_user=NAME',
    '--private-key --key-file': 'say it with a variable: -e ansible_ssh_private_key_file=FILE',
    '-c --connection': 'say it with a variable: -e ansible_connection=local',
    '-T --timeout': 'say it with a variable: -e ansible_timeout=SECONDS',
    '--become-user': 'say it with a variable: -e ansible_become_user=NAME',
    '--become-method': 'say it with a variable: -e ansible_become_method=su',
    '--ssh-common-args --ssh-extra-args': 'say it with a variable: -e ansible_ssh_common_args=…',
    '-b --become': 'say it in the pipeline (become: true), or with a variable: -e ansible_become=true',
    '--syntax-check': '`hvlab validate FILE` does that',
    '--list-hosts --list-tasks --list-tags': '`hvlab plan FILE` shows them',
    '--start-at-task --step': '--tags picks tasks, and --resume goes on where a run stopped',
    '--flush-cache': 'facts are not kept between runs',
  }).flatMap(([options, hint]) => options.split(' ').map((option) => [option, hint] as const)),
)

/** What commander says of an option that it does not know, with what does the same here; undefined for any other message. */
export function ansibleHint(message: string): string | undefined {
  const [, option = ''] = /^(?:error: )?unknown option '([^'=]+)/.exec(message) ?? []
  return instead.get(option)
}
