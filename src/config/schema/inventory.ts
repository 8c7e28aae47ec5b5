import { z } from 'zod'
import { vars } from './common.ts'

/** A group of a YAML inventory. */
const group: z.ZodType = z
  .strictObject({
    hosts: z
      .record(z.string(), vars.nullable())
      .nullable()
      .optional()
      .describe('Hosts, each with its variables; web[01:10] stands for ten.'),
    vars: vars.nullable().optional().describe('Variables of all hosts of the group.'),
    children: z
      .record(
        z.string(),
        z.lazy(() => group.nullable()),
      )
      .nullable()
      .optional()
      .describe('Groups in this group.'),
  })
  .describe('A group of hosts.')

/**
 * A YAML inventory, for editors. hvlab itself reads inventories with `inventory-yaml.ts`, which keeps host names such
 * as `__proto__` and says where each mistake stands.
 */
export const inventoryFile = z.record(z.string(), group.nullable())
