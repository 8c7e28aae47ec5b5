import type { z } from 'zod'
import { anything, bool, mode, parameters, path, text } from '../params.ts'
import { attributeParams } from './attributes.ts'

/** What the module `copy` takes. */
export const copyParams = parameters(
  {
    src: path()
      .optional()
      .describe('File or folder to copy. A folder that ends in / is copied without itself.'),
    content: anything()
      .optional()
      .describe('What the file holds, instead of src. Maps and lists become JSON.'),
    dest: path().describe(
      'Where to. An existing folder, or a path that ends in /, gets the file under its own name.',
    ),
    backup: bool().default(false).describe('Keep the old content beside it, with date and time in its name.'),
    force: bool()
      .default(true)
      .describe('Replace a file whose content differs; no = only when nothing is there.'),
    remote_src: bool().default(false).describe('src is a file on the host, not on the controller.'),
    validate: text().optional().describe('Command that must accept the new file; %s is its path.'),
    checksum: text().optional().describe('SHA-1 that the source must have.'),
    directory_mode: mode().optional().describe('Mode of folders that are made while a folder is copied.'),
    follow: bool()
      .default(false)
      .describe('Write to where a link at dest leads, instead of replacing the link.'),
    ...attributeParams,
  },
  { oneOf: [['src', 'content']], exclusive: [['src', 'content']] },
)
export type CopyParams = z.output<typeof copyParams>
