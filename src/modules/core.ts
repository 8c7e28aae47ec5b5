import { addHost } from './add_host.ts'
import { assert } from './assert.ts'
import { command } from './command/command.ts'
import { raw } from './command/raw.ts'
import { script } from './command/script.ts'
import { shell } from './command/shell.ts'
import { debug } from './debug.ts'
import { fail } from './fail.ts'
import { blockinfile } from './files/blockinfile.ts'
import { copy } from './files/copy.ts'
import { fetch } from './files/fetch.ts'
import { file } from './files/file.ts'
import { find } from './files/find.ts'
import { getUrl } from './files/get_url.ts'
import { lineinfile } from './files/lineinfile.ts'
import { replace } from './files/replace.ts'
import { slurp } from './files/slurp.ts'
import { stat } from './files/stat.ts'
import { tempfile } from './files/tempfile.ts'
import { template } from './files/template.ts'
import { unarchive } from './files/unarchive.ts'
import { groupBy } from './group_by.ts'
import { includeVars } from './include_vars.ts'
import type { Module } from './module.ts'
import { apt } from './packages/apt.ts'
import { aptRepository } from './packages/apt_repository.ts'
import { debconf } from './packages/debconf.ts'
import { packageFacts } from './packages/package_facts.ts'
import { pause } from './pause.ts'
import { ping } from './ping.ts'
import { setFact } from './set_fact.ts'
import { setup } from './setup/setup.ts'
import { git } from './source/git.ts'
import { authorizedKey } from './system/authorized_key.ts'
import { cron } from './system/cron.ts'
import { getent } from './system/getent.ts'
import { group } from './system/group.ts'
import { hostname } from './system/hostname.ts'
import { knownHosts } from './system/known_hosts.ts'
import { modprobe } from './system/modprobe.ts'
import { mount } from './system/mount.ts'
import { service } from './system/service.ts'
import { serviceFacts } from './system/service_facts.ts'
import { sysctl } from './system/sysctl.ts'
import { systemd } from './system/systemd.ts'
import { timezone } from './system/timezone.ts'
import { user } from './system/user.ts'
import { validateArgumentSpec } from './validate_argument_spec.ts'
import { waitFor } from './wait_for.ts'
import { waitForConnection } from './wait_for_connection.ts'
import { uri } from './web/uri.ts'

/** Ansible's modules that hvlab has. The lab's own are in registry.ts. */
export const coreModules: readonly Module[] = [
  addHost,
  apt,
  aptRepository,
  assert,
  authorizedKey,
  blockinfile,
  command,
  copy,
  cron,
  debconf,
  debug,
  fail,
  fetch,
  file,
  find,
  getUrl,
  getent,
  git,
  group,
  groupBy,
  hostname,
  includeVars,
  knownHosts,
  lineinfile,
  modprobe,
  mount,
  packageFacts,
  pause,
  ping,
  raw,
  replace,
  script,
  service,
  serviceFacts,
  setFact,
  setup,
  shell,
  slurp,
  stat,
  sysctl,
  systemd,
  tempfile,
  template,
  timezone,
  unarchive,
  uri,
  user,
  validateArgumentSpec,
  waitFor,
  waitForConnection,
]
