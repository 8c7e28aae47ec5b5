import { startDaemons } from '../../lab/libvirt/daemons.ts'
import { defineModule } from '../module.ts'
import { parameters } from '../params.ts'

/** What the role hypervisor does where systemd does not. */
export const libvirtDaemons = defineModule({
  name: 'libvirt_daemons',
  doc: 'Starts virtlogd and libvirtd on a host without systemd. They run until the machine stops. On a host with systemd it does nothing.',
  params: parameters({}),
  returns: { started: 'a list of the daemons that were started' },
  async *run(context) {
    const started = yield* startDaemons(context)
    if (started.length > 0)
      context.note(
        'info',
        `systemd is not PID 1 on ${context.host}: hvlab starts ${started.join(' and ')} itself. They run until the machine stops; the next run starts them again.`,
      )
    return { data: { started: [...started] }, why: 'libvirt’s daemons run, or systemd sees to them' }
  },
})
