import { z } from 'zod'
import { guestName, labName } from '../../lab/lab-name.ts'
import { bool, choice, int, list, parameters } from '../params.ts'
import { guestCount, guestEntry, guestShape } from './guest-params.ts'

/** What guests a task declares, and what may be done to make it so: the parameters of `libvirt_guest` and `libvirt_guest_info`. */
export const guestDeclaration = parameters(
  {
    name: guestName().optional().describe('Name of the guest and its host name'),
    count: guestCount().optional().describe('That many guests: `name1`, `name2` …'),
    guests: z
      .array(guestEntry, { error: 'must be a list of guests' })
      .optional()
      .describe('Several guests; what an entry leaves out is taken from the parameters beside the list'),
    lab: labName().describe('The lab that the guests belong to; the domain is called `lab-name`'),
    ...guestShape,
    image: guestShape.image.default('debian-12'),
    vcpus: guestShape.vcpus.default(2),
    vcpus_max: guestShape.vcpus_max.optional(),
    topology: guestShape.topology.optional(),
    memory_mb: guestShape.memory_mb.default(2900),
    memory_max_mb: guestShape.memory_max_mb.optional(),
    hugepages: guestShape.hugepages.optional(),
    pinning: guestShape.pinning.optional(),
    numa: guestShape.numa.optional(),
    disk_gb: guestShape.disk_gb.default(10),
    disk: guestShape.disk.optional(),
    disks: guestShape.disks.optional(),
    network: guestShape.network.default('hvlab'),
    networks: guestShape.networks.optional(),
    address: guestShape.address.optional(),
    ports: guestShape.ports.optional(),
    firmware: guestShape.firmware.default('direct'),
    tpm: guestShape.tpm.default(false),
    agent: guestShape.agent.default(true),
    cloud_init: guestShape.cloud_init.optional(),
    accelerator: guestShape.accelerator.default('auto'),
    cpu: guestShape.cpu.optional(),
    state: choice(['running', 'present', 'paused', 'stopped', 'absent'])
      .default('running')
      .describe('What should be true. `present`: it exists, running or not'),
    wait: bool().default(true).describe('Wait until an SSH login works'),
    deadline: int()
      .optional()
      .describe(
        'Longest wait for the login, seconds; default 60, six times that when emulated, and longer while the serial log moves',
      ),
    restart: bool()
      .default(false)
      .describe('Restart a running guest for changes that it cannot take while it runs'),
    recreate: bool()
      .default(false)
      .describe('Delete a guest whose parameters changed and make it anew; what is on its disk is lost'),
    overcommit: bool()
      .default(false)
      .describe('Make guests that do not fit into the host’s memory, disk or CPUs'),
    groups: list().default(['guests']).describe('Groups of the inventory that the guest joins'),
  },
  { oneOf: [['name', 'guests']], exclusive: [['name', 'guests']], together: [['count', 'name']] },
)
export type GuestDeclaration = z.output<typeof guestDeclaration>
