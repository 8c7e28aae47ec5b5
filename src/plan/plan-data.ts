import type { Inventory } from '../model/host.ts'
import type { Plan } from '../model/plan.ts'

/** A plan as plain JSON: maps of the inventory become objects. */
export function planData(plan: Omit<Plan, 'fingerprint'>): Record<string, unknown> {
  return { ...plan, inventory: inventoryData(plan.inventory) }
}

function inventoryData(inventory: Inventory): Record<string, unknown> {
  return {
    sources: inventory.sources,
    groups: Object.fromEntries(inventory.groups),
    hosts: Object.fromEntries(inventory.hosts),
  }
}
