import { readFile, rename, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { parsedJson } from '../../util/json.ts'

/**
 * What is remembered beside a download. Of a part: the mirror it came from and that mirror's validator (ETag or
 * Last-Modified). Of a whole file: size and time at which its digest was right.
 */
const schema = z.object({
  url: z.string().optional(),
  validator: z.string().optional(),
  sha256: z.string().optional(),
  size: z.number().optional(),
  mtimeMs: z.number().optional(),
})
type PartNote = z.output<typeof schema>

/** Undefined when there is none, or it is not readable: then nothing is known, which is safe. */
export async function readPartNote(path: string): Promise<PartNote | undefined> {
  return schema.safeParse(parsedJson(await readFile(path, 'utf8').catch(() => ''))).data
}

export async function writePartNote(path: string, note: PartNote): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify(note))
  await rename(`${path}.new`, path)
}
