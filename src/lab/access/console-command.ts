import { renderCommand, sh } from '../../util/sh.ts'

/**
 * Shell text for a hypervisor: attaches the terminal to a guest's serial console. With sudo, which may ask for a
 * password, unless the user may use libvirt already.
 */
export function consoleCommandText(domain: string, force: boolean): string {
  const attach = sh`virsh -q -c qemu:///system console ${force ? ['--force'] : []} ${domain}`
  return renderCommand(
    sh`LC_ALL=C; export LC_ALL; case " $(id -u) $(id -Gn) " in " 0 "*|*" libvirt "*) exec ${attach};; *) exec sudo ${attach};; esac`,
  )
}
