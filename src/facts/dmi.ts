import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { readSections, sections } from './sections.ts'

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
      vendor: sh`cat /sys/class/dmi/id/sys_vendor`,
      product: sh`cat /sys/class/dmi/id/product_name`,
      version: sh`cat /sys/class/dmi/id/product_version`,
      bios: sh`cat /sys/class/dmi/id/bios_version`,
      date: sh`cat /sys/class/dmi/id/bios_date`,
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
