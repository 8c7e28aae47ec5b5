import { posix } from 'node:path'
import type { Tool } from '../../bench/record.ts'
import { askVersion, installedTool } from '../../bench/tool-fact.ts'
import type { Command } from '../../model/command.ts'
import { FailureError } from '../../model/failure.ts'
import type { HostAccess } from '../../model/host-access.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'
import { scratchFolder } from './scratch-folder.ts'
import { toolsOf } from './tools.ts'

/** Comes first on the PATH of every trial in a guest: the names of copied programs. Each has a folder of its own beside it. */
export const copiedToolsPath = posix.join(scratchFolder, 'tools', 'bin')

const copyMs = 300_000

export const isCopied = ({ path }: Tool): boolean => path.startsWith(`${copiedToolsPath}/`)

/**
 * The programs that a guest measures with: its own where they are the hypervisor's to the byte, else the hypervisor's, to be
 * copied by `copyTools` into the folder `copies` when the benchmark begins.
 */
export async function sameTools(
  access: HostAccess,
  wanted: readonly Tool[],
  copies = copiedToolsPath,
): Promise<Tool[]> {
  const found = await toolsOf(access, wanted)
  return wanted.map((tool, index) => {
    const own = found[index] ?? null
    const same = own !== null && own.sha256 !== null && own.sha256 === tool.sha256
    return same ? own : { ...tool, path: posix.join(copies, tool.name) }
  })
}

/**
 * Copies programs of the hypervisor into a guest, or to another host, each with the libraries and the loader that it runs with, so that
 * it does not matter what is there. `scratchFolder` exists on the hypervisor, and two folders above the copies there. Throws
 * `benchmark-tool-failed`.
 */
export async function copyTools(
  context: ModuleContext,
  guest: string,
  tools: readonly Tool[],
): Promise<void> {
  const access = context.peer(guest)
  for (const copy of tools) {
    const original = await context.freshFact(installedTool, copy.name)
    if (original === null) throw failed(copy, guest, 'it is gone from the hypervisor')
    const archive = posix.join(posix.dirname(copy.path), '..', '..', `${copy.name}.tar.gz`)
    const place = posix.join(posix.dirname(copy.path), '..', copy.name)
    const packedHere = posix.join(scratchFolder, `${copy.name}.tar.gz`)
    const packed = await context.run({ ...pack(original.path, packedHere, place), timeoutMs: copyMs })
    if (packed.exitCode !== 0) throw failed(copy, guest, 'it could not be packed', packed.stderr)
    await access.put(await context.get(packedHere), archive)
    const unpacked = await access.run({ ...unpack(copy.path, archive, place), timeoutMs: copyMs })
    if (unpacked.exitCode !== 0) throw failed(copy, guest, 'it could not be unpacked', unpacked.stderr)
    const runs = await access.run(askVersion(sh`${copy.path}`))
    if (!`${runs.stdout}${runs.stderr}`.includes(copy.version))
      throw failed(copy, guest, 'it does not run there', `${runs.stderr}\n${runs.stdout}`)
  }
}

/**
 * The program, what ldd(1) says that it loads, and a script that starts it with nothing else. A program without a loader
 * is static and starts by itself. The script knows its place, because starting programs to find it would count in every trial of a
 * workload that starts its program often. Libraries that a program opens later by name (plug-ins) are not in it.
 */
function pack(path: string, archive: string, place: string): Command {
  return sh`set -eu
stage=$(mktemp -d ${archive}.XXXXXX)
trap 'rm -rf "$stage"' EXIT
mkdir "$stage/lib"
program=$(readlink -f ${path})
cp "$program" "$stage/program"
LC_ALL=C ldd "$program" > "$stage/ldd" 2>/dev/null || :
sed -n 's/^.* => \\(\\/[^ ]*\\) (0x.*/\\1/p' "$stage/ldd" | while read -r library; do cp -L "$library" "$stage/lib/"; done
loader=$(sed -n 's/^[[:space:]]*\\(\\/[^ ]*\\) (0x.*/\\1/p' "$stage/ldd")
rm "$stage/ldd"
[ -z "$loader" ] || cp -L "$loader" "$stage/loader"
cat > "$stage/run" <<'end'
#!/bin/sh
here=${place}
[ -e "$here/loader" ] || exec "$here/program" "$@"
exec "$here/loader" --library-path "$here/lib" "$here/program" "$@"
end
chmod 755 "$stage/run"
tar -czf ${archive} -C "$stage" .`
}

function unpack(path: string, archive: string, place: string): Command {
  const bin = posix.dirname(path)
  return sh`set -eu
mkdir -p ${place} ${bin}
tar -xzf ${archive} -C ${place} --no-same-owner
rm ${archive}
ln -sf ${posix.join(place, 'run')} ${path}`
}

function failed({ name, version }: Tool, guest: string, why: string, details = ''): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'benchmark-tool-failed',
    message: `${name} ${version} cannot be copied to ${guest}: ${why}.`,
    hint: 'Install the same package in the guest, or set `tools: own` to measure with what each machine has.',
    ...(details.trim() !== '' && { details: details.trim().slice(0, 4000) }),
  })
}
