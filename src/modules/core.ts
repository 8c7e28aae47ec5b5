import { addHost } from './add_host.ts'
import { apt } from './apt.ts'
import { assert } from './assert.ts'
import { blockinfile } from './blockinfile.ts'
import { command } from './command.ts'
import { copy } from './copy.ts'
import { cron } from './cron.ts'
import { debug } from './debug.ts'
import { fail } from './fail.ts'
import { file } from './file.ts'
import { getUrl } from './get_url.ts'
import { group } from './group.ts'
import { groupBy } from './group_by.ts'
import { includeVars } from './include_vars.ts'
import { lineinfile } from './lineinfile.ts'
import type { Module } from './module.ts'
import { pause } from './pause.ts'
import { ping } from './ping.ts'
import { raw } from './raw.ts'
import { replace } from './replace.ts'
import { service } from './service.ts'
import { setFact } from './set_fact.ts'
import { setup } from './setup.ts'
import { shell } from './shell.ts'
import { slurp } from './slurp.ts'
import { stat } from './stat.ts'
import { systemd } from './systemd.ts'
import { template } from './template.ts'
import { unarchive } from './unarchive.ts'
import { user } from './user.ts'
import { waitFor } from './wait_for.ts'
import { waitForConnection } from './wait_for_connection.ts'

/** Ansible's modules that hvlab has. The lab's own are in registry.ts. */
export const coreModules: readonly Module[] = [
  addHost,
  apt,
  assert,
  blockinfile,
  command,
  copy,
  cron,
  debug,
  fail,
  file,
  getUrl,
  group,
  groupBy,
  includeVars,
  lineinfile,
  pause,
  ping,
  raw,
  replace,
  service,
  setFact,
  setup,
  shell,
  slurp,
  stat,
  systemd,
  template,
  unarchive,
  user,
  waitFor,
  waitForConnection,
]
