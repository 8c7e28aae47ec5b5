import { defineFact } from './fact.ts'
import { firstLine, readSections, sections } from './sections.ts'

export interface Dmi {
  readonly systemVendor: string
  readonly productName: string
  readonly productVersion: string
  readonly biosVersion: string
  readonly biosDate: string
}

/** What the firmware says of the machine; empty where there is none. Source: sysfs class/dmi. */
export const dmi = defineFact<[], Dmi>({
  name: 'dmi',
  command: () =>
    sections({
      vendor: firstLine('/sys/class/dmi/id/sys_vendor'),
      product: firstLine('/sys/class/dmi/id/product_name'),
      version: firstLine('/sys/class/dmi/id/product_version'),
      bios: firstLine('/sys/class/dmi/id/bios_version'),
      date: firstLine('/sys/class/dmi/id/bios_date'),
    }),
  parse({ stdout }) {
    const section = readSections(stdout)
    return {
      systemVendor: section('vendor').trim(),
      productName: section('product').trim(),
      productVersion: section('version').trim(),
      biosVersion: section('bios').trim(),
      biosDate: section('date').trim(),
    }
  },
})
