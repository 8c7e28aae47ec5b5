/*
 * Modules that Ansible or its collections have and hvlab has not, by the short names that roles use. Roles for many systems name them in
 * tasks that other systems run; a name that is in no list is taken for a typing error.
 */

const groups: readonly { readonly instead: string; readonly names: string }[] = [
  {
    instead: 'packages are installed with apt; for other systems use command',
    names:
      'apk bower cargo composer copr cpanm dnf dnf5 dpkg_selections flatpak gem homebrew npm openbsd_pkg opkg pacman pear pkg5 pkgin pkgng ' +
      'portage redhat_subscription rhsm_repository rpm_key snap svr4pkg swdepot yarn yum yum_repository zypper zypper_repository',
  },
  {
    instead: 'write include_tasks or import_tasks: ansible-core 2.16 has no include either',
    names: 'include',
  },
  {
    instead: 'use command with the program that does it, and changed_when',
    names:
      'acl alternatives archive assemble async_status at capabilities cronvar dconf expect facter filesystem firewalld get_certificate ' +
      'htpasswd ini_file interfaces_file iptables iso_extract java_cert kernel_blacklist locale_gen lvg lvol make nmcli open_iscsi pamd ' +
      'pam_limits parted patch pip reboot runit seboolean sefcontext selinux selinux_permissive seport set_stats ssh_config subversion ' +
      'sudoers supervisorctl synchronize sysrc ufw win_command win_shell xattr xml zfs',
  },
  {
    instead: 'use command with openssl or ssh-keygen, and creates',
    names:
      'openssh_keypair openssl_certificate openssl_csr openssl_dhparam openssl_pkcs12 openssl_privatekey x509_certificate',
  },
  {
    instead: 'use command with the client of the database or server, and changed_when',
    names:
      'consul grafana_dashboard grafana_datasource influxdb_database ldap_attrs ldap_entry mongodb_user mysql_db mysql_info mysql_query ' +
      'mysql_replication mysql_user mysql_variables postgresql_db postgresql_ext postgresql_info postgresql_pg_hba postgresql_ping ' +
      'postgresql_privs postgresql_query postgresql_set postgresql_user proxysql_mysql_users rabbitmq_plugin rabbitmq_user rabbitmq_vhost ' +
      'redis_data zabbix_host',
  },
  {
    instead: 'use command with docker, and changed_when',
    names:
      'docker_compose docker_compose_v2 docker_container docker_image docker_login docker_network docker_swarm docker_volume',
  },
  { instead: 'use copy or get_url, and command', names: 'apt_key deb822_repository' },
]

const byName: ReadonlyMap<string, string> = new Map(
  groups.flatMap(({ instead, names }) => names.split(' ').map((name) => [name, instead] as const)),
)

/** What to do instead of a module that hvlab has not; undefined when there is no such module in Ansible, as far as is known here. */
export function insteadOf(name: string): string | undefined {
  const isOfCollection =
    /^[a-z_]\w*\.[a-z_]\w*\.\w+$/.test(name) && !/^ansible\.(builtin|legacy)\./.test(name)
  const bare = name.replace(/^.*\./, '')
  return (
    byName.get(bare) ?? (isOfCollection ? 'use command, or a module on the list: docs/modules.md' : undefined)
  )
}
