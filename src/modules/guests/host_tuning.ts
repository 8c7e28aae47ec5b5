import { hostSettings, type SettingName, settingNames } from '../../lab/host/host-settings.ts'
import { inWords, tuningSteps } from '../../lab/host/tuning.ts'
import { cpusOf } from '../../util/cpu-list.ts'
import { defineModule } from '../module.ts'
import { bool, choice, int, parameters, text } from '../params.ts'

const count = () => int().refine((pages) => pages >= 0, { error: 'must be 0 or more' })

/** Settings of the kernel that decide how even a hypervisor's figures are. */
export const hostTuning = defineModule({
  name: 'host_tuning',
  doc: 'Sets what a hypervisor’s kernel does with memory and CPUs, and says what the host offers. A setting that is left out is not touched; if an earlier run set it, it goes back to what it was before. Without parameters everything goes back.',
  params: parameters({
    thp: choice(['always', 'madvise', 'never']).optional().describe('Transparent huge pages.'),
    ksm: bool().optional().describe('Merge equal pages of guests: saves memory, costs CPU time.'),
    governor: text().optional().describe('CPU frequency governor, such as performance.'),
    numa_balancing: bool()
      .optional()
      .describe('Move memory to the node that uses it. Off for guests that are pinned.'),
    hugepages_2m: count()
      .optional()
      .describe('Huge pages of 2 MiB to set aside, for guests with hugepages: 2M.'),
    hugepages_1g: count().optional().describe('The same of 1 GiB.'),
    isolated_cpus: text()
      .refine((cpus) => cpusOf(cpus) !== null, { error: 'must be a list of CPUs such as 2-3,6' })
      .optional()
      .describe(
        'CPUs that the scheduler leaves to pinned guests, from the next boot on. Debian and Ubuntu with GRUB.',
      ),
    persist: bool().default(true).describe('Also after a reboot (systemd-tmpfiles).'),
  }),
  returns: {
    settings: 'by name: the value now and choices, empty where any number goes',
    isolated: 'CPUs that the scheduler leaves alone now',
    reboot: 'whether what is set waits for a reboot',
  },
  async *run(context, params) {
    const host = await context.freshFact(hostSettings)
    context.note('info', inWords(host))
    const values: Partial<Record<SettingName, string>> = {}
    for (const name of settingNames) {
      const value = params[name]
      if (value !== undefined) values[name] = typeof value === 'boolean' ? (value ? '1' : '0') : String(value)
    }
    const isolated = params.isolated_cpus
    yield* tuningSteps(
      { values, persist: params.persist, ...(isolated === undefined ? {} : { isolated }) },
      host,
      context.host,
    )
    if (params.persist && !host.systemd && Object.keys(values).length > 0)
      context.note('warning', 'there is no systemd: what is set holds until the host is started again')
    const reboot = (isolated ?? '') !== host.isolated
    if (reboot)
      context.note(
        'warning',
        `isolated CPUs: ${host.isolated || 'none'} until the host is started again, then ${isolated ?? 'none'}`,
      )
    const now = context.check ? host : await context.freshFact(hostSettings)
    return {
      data: {
        settings: Object.fromEntries(
          settingNames.map((name) => {
            const { files, choices } = now.settings[name]
            return [name, { value: files[0]?.value ?? null, choices: [...choices] }]
          }),
        ),
        isolated: now.isolated,
        reboot,
      },
      why: 'everything is as wanted',
    }
  },
})
