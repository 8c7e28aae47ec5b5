import { z } from 'zod'
import { releases, usualRelease } from '../model/sandbox-release.ts'
import { parsedJson } from '../util/json.ts'
import { err, ok, type Result } from '../util/result.ts'
import { namePattern } from './label.ts'

/** What is decided about a host before it boots. In its folder as host.json, and on the command line of its process. */
export const hostRecordSchema = z.object({
  sandbox: z.string().regex(namePattern),
  host: z.string().regex(namePattern),
  address: z.ipv4(),
  /** `ssh-ed25519 AAAA…`: made here and put into the host, so that the first contact is verified. */
  host_key: z.string().regex(/^ssh-ed25519 [A-Za-z0-9+/=]+$/),
  /** Folder of the tree below the overlay. */
  tree: z.string().regex(/^\/[\w./-]+$/),
  created: z.string(),
  /** Hosts that an older hvlab made say nothing. */
  release: z.enum(releases).default(usualRelease),
})
export type HostRecord = z.output<typeof hostRecordSchema>

/** Name of the variable by which a host's process is known: whoever lists processes sees it. */
const variable = 'HVLAB_SANDBOX'

/** `--setenv` of systemd-nspawn; the host's own PID 1 has the variable, too. */
export function recordArgument(record: HostRecord): string {
  return `--setenv=${variable}=${JSON.stringify(record)}`
}

/** The record in the arguments of a systemd-nspawn; undefined for one that is not hvlab's. */
export function recordIn(argv: readonly string[]): HostRecord | undefined {
  const start = `--setenv=${variable}=`
  const argument = argv.find((word) => word.startsWith(start))
  if (argument === undefined) return undefined
  const parsed = parseRecord(argument.slice(start.length))
  return parsed.ok ? parsed.value : undefined
}

/** The error says what is wrong, as the end of a sentence. A record is put in its place whole, so it was damaged later. */
export function parseRecord(text: string): Result<HostRecord, string> {
  if (text.trim() === '') return err('it is empty')
  const data = parsedJson(text)
  if (data === undefined) return err('it is not JSON')
  const parsed = hostRecordSchema.safeParse(data)
  if (parsed.success) return ok(parsed.data)
  const [issue] = parsed.error.issues
  return err(
    issue === undefined || issue.path.length === 0
      ? 'it is no record'
      : `"${issue.path.join('.')}" is missing or not as hvlab writes it`,
  )
}
