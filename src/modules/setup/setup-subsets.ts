import { addresses } from '../../facts/addresses.ts'
import type { BatchAnswer } from '../../facts/batch.ts'
import { clocksource } from '../../facts/clocksource.ts'
import { cpu } from '../../facts/cpu.ts'
import { dmi } from '../../facts/dmi.ts'
import { dns } from '../../facts/dns.ts'
import { hostTime } from '../../facts/host-time.ts'
import { identity } from '../../facts/identity.ts'
import { kernel } from '../../facts/kernel.ts'
import { memory } from '../../facts/memory.ts'
import { type Mount, mounts } from '../../facts/mounts.ts'
import { osRelease } from '../../facts/os-release.ts'
import { python } from '../../facts/python.ts'
import { routes } from '../../facts/routes.ts'
import { serviceManager } from '../../facts/service-manager.ts'
import { uptime } from '../../facts/uptime.ts'
import { virtualization } from '../../facts/virtualization.ts'
import type { Fact } from '../../model/fact.ts'
import type { Vars } from '../../model/value.ts'
import { dateTimeVars } from './setup-date-time.ts'
import { distributionVars } from './setup-distribution.ts'
import { networkVars } from './setup-network.ts'

/** A part of Ansible's facts: what must be asked, and the variables made of the answers, without `ansible_`. */
export interface Subset {
  readonly facts: readonly Pick<Fact<[], unknown>, 'name' | 'command' | 'parse'>[]
  vars(answer: BatchAnswer): Vars
}

export const subsets: Readonly<Record<string, Subset>> = {
  min: {
    facts: [osRelease, kernel, identity, serviceManager, hostTime],
    vars: (answer) => ({
      ...distributionVars(answer(osRelease)),
      ...systemVars(answer),
      ...identityVars(answer),
      service_mgr: answer(serviceManager).systemd
        ? 'systemd'
        : answer(serviceManager).service
          ? 'sysvinit'
          : answer(serviceManager).init,
      date_time: dateTimeVars(answer(hostTime)),
    }),
  },
  hardware: {
    facts: [cpu, memory, mounts, uptime, dmi, clocksource],
    vars: (answer) => ({
      ...processorVars(answer),
      ...memoryVars(answer),
      mounts: answer(mounts).filter(isRealMount).map(mountVars),
      uptime_seconds: answer(uptime),
      system_vendor: answer(dmi).systemVendor,
      product_name: answer(dmi).productName,
      product_version: answer(dmi).productVersion,
      bios_version: answer(dmi).biosVersion,
      bios_date: answer(dmi).biosDate,
      clocksource: answer(clocksource).current,
    }),
  },
  network: {
    facts: [addresses, routes, dns],
    vars: (answer) => ({
      ...networkVars(answer(addresses), answer(routes)),
      dns: { nameservers: [...answer(dns).nameservers], search: [...answer(dns).search] },
    }),
  },
  virtual: { facts: [virtualization], vars: virtualizationVars },
  python: { facts: [python], vars: pythonVars },
}

/** hvlab needs no Python; roles ask for it to choose packages. */
function pythonVars(answer: BatchAnswer): Vars {
  const found = answer(python)
  if (found === null) return {}
  const [major = 0, minor = 0, micro = 0] = found.version.split('.').map(Number)
  return {
    python_version: found.version,
    python: {
      executable: found.executable,
      version: { major, minor, micro, releaselevel: 'final', serial: 0 },
      version_info: [major, minor, micro, 'final', 0],
      type: 'cpython',
      has_sslcontext: true,
    },
  }
}

function systemVars(answer: BatchAnswer): Vars {
  const found = answer(kernel)
  return {
    system: found.system,
    kernel: found.release,
    kernel_version: found.version,
    machine: found.machine,
    architecture: found.machine === 'i686' ? 'i386' : found.machine,
    userspace_architecture: found.machine,
    cmdline: Object.fromEntries(
      found.commandLine
        .split(/\s+/)
        .filter(Boolean)
        .map((word): [string, string | boolean] => {
          const at = word.indexOf('=')
          return at < 0 ? [word, true] : [word.slice(0, at), word.slice(at + 1)]
        }),
    ),
  }
}

function identityVars(answer: BatchAnswer): Vars {
  const { nodename, fqdn, user, environment, machineId } = answer(identity)
  const dot = fqdn.indexOf('.')
  return {
    nodename,
    hostname: nodename.split('.')[0] ?? nodename,
    fqdn,
    domain: dot < 0 ? '' : fqdn.slice(dot + 1),
    machine_id: machineId,
    env: { ...environment },
    user_id: user.name,
    user_uid: user.uid,
    user_gid: user.gid,
    user_dir: user.home,
    user_shell: user.shell,
    effective_user_id: user.uid,
    effective_group_id: user.gid,
    real_user_id: user.uid,
    real_group_id: user.gid,
  }
}

function processorVars(answer: BatchAnswer): Vars {
  const found = answer(cpu)
  return {
    // Ansible lists number, vendor and model of every CPU.
    processor: Array.from({ length: found.online }, (_, index) => [
      String(index),
      found.vendor,
      found.model,
    ]).flat(),
    processor_count: found.sockets,
    processor_cores: found.coresPerSocket,
    processor_threads_per_core: found.threadsPerCore,
    processor_vcpus: found.sockets * found.coresPerSocket * found.threadsPerCore,
    processor_nproc: found.usable,
    flags: [...found.flags],
  }
}

function memoryVars(answer: BatchAnswer): Vars {
  const found = answer(memory)
  const noCacheFree = found.freeMb + found.cachedMb + found.buffersMb
  return {
    memtotal_mb: found.totalMb,
    memfree_mb: found.freeMb,
    swaptotal_mb: found.swapTotalMb,
    swapfree_mb: found.swapFreeMb,
    memory_mb: {
      real: { total: found.totalMb, free: found.freeMb, used: found.totalMb - found.freeMb },
      nocache: { free: noCacheFree, used: found.totalMb - noCacheFree },
      swap: {
        total: found.swapTotalMb,
        free: found.swapFreeMb,
        used: found.swapTotalMb - found.swapFreeMb,
        cached: found.swapCachedMb,
      },
    },
  }
}

/** As Ansible: what has a device or a network share behind it. */
function isRealMount(mount: Mount): boolean {
  return (
    mount.device.startsWith('/') ||
    mount.device.includes(':/') ||
    ['zfs', 'btrfs', 'overlay'].includes(mount.type)
  )
}

function mountVars(mount: Mount): Vars {
  return {
    device: mount.device,
    mount: mount.path,
    fstype: mount.type,
    options: mount.options.join(','),
    ...(mount.totalBytes === null ? {} : { size_total: mount.totalBytes }),
    ...(mount.availableBytes === null ? {} : { size_available: mount.availableBytes }),
  }
}

/** Containers that Ansible calls by their names; it calls all others `container`. */
const ownContainers = new Set(['containerd', 'docker', 'lxc', 'openvz', 'podman'])

/** systemd's words for hypervisors, where Ansible has others. */
const ansibleNames: Readonly<Record<string, string>> = {
  microsoft: 'VirtualPC',
  oracle: 'virtualbox',
  qemu: 'kvm',
  vmware: 'VMware',
}

/** Ansible names the innermost layer; `tech_guest` lists all. */
function virtualizationVars(answer: BatchAnswer): Vars {
  const found = answer(virtualization)
  const { container } = found
  const vm = found.vm === null ? undefined : (ansibleNames[found.vm] ?? found.vm)
  const isNamed = container !== null && ownContainers.has(container)
  const innermost = container === null ? vm : isNamed ? container : 'container'
  const guest = [...(container === null ? [] : [container, 'container']), ...(vm === undefined ? [] : [vm])]
  return {
    virtualization_type: innermost ?? (found.kvmModule ? 'kvm' : 'NA'),
    virtualization_role: innermost !== undefined ? 'guest' : found.kvmModule ? 'host' : 'NA',
    virtualization_tech_guest: [...new Set(guest)],
    virtualization_tech_host: found.kvmModule && found.kvmDevice ? ['kvm'] : [],
  }
}
