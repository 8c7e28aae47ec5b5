import type { z } from 'zod'
import { fileStat } from '../../facts/file-stat.ts'
import type { Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { moduleFailure } from '../failure.ts'
import { hostPath } from '../files/host-path.ts'
import { named } from '../files/written-file.ts'
import { defineModule } from '../module.ts'
import { bool, int, line, parameters, path } from '../params.ts'
import { Repository, type Target } from './repository.ts'

/** No option of git's. */
const operand = (what: string) =>
  line()
    .refine((text) => text !== '' && !text.startsWith('-'), {
      error: 'must not be empty or start with a hyphen',
    })
    .describe(what)

const params = parameters(
  {
    repo: operand('Address of the repository, as git takes it.'),
    dest: path().describe('Folder of the host for the working copy.'),
    version: operand('Branch, tag or commit; HEAD is the default branch of the repository.').default('HEAD'),
    remote: operand('What the repository is called in the working copy.').default('origin'),
    update: bool().default(true).describe('Bring a working copy that is there to the version.'),
    clone: bool().default(true).describe('Make the working copy when it is not there.'),
    force: bool().default(false).describe('Throw away what was changed in the working copy.'),
    depth: int()
      .refine((value) => value > 0, { error: 'must be at least 1' })
      .optional()
      .describe('With a new working copy: only so many commits of history.'),
    single_branch: bool().default(false).describe('With a new working copy: no other branches.'),
    recursive: bool().default(true).describe('Bring submodules, too.'),
    accept_hostkey: bool().default(false).describe('Take any key of an SSH server.'),
    accept_newhostkey: bool().default(false).describe('Take the key of an SSH server that is not known yet.'),
    key_file: path().optional().describe('SSH key of the host to log in with.'),
    ssh_opts: line().optional().describe('Further options for ssh.'),
    executable: path().optional().describe('git, when it is not on the PATH.'),
  },
  { aliases: { name: 'repo' }, exclusive: [['accept_hostkey', 'accept_newhostkey']] },
)
export type GitParams = z.output<typeof params>

/** Ansible's `git`. */
export const git = defineModule({
  name: 'git',
  doc: 'Clones a git repository to the host, and brings the working copy to a version. It asks no questions: a server that wants a password or has an unknown key is a failure.',
  params,
  unsupported: [
    'archive',
    'archive_prefix',
    'bare',
    'gpg_whitelist',
    'reference',
    'refspec',
    'separate_git_dir',
    'track_submodules',
    'umask',
    'verify_commit',
  ],
  returns: {
    before: 'commit before',
    after: 'commit afterwards',
    remote_url_changed: 'whether the working copy had another address',
  },
  async *run(context, params) {
    const dest = (await hostPath(context, params.dest)).replace(/(.)\/+$/, '$1')
    const repository = await Repository.open(context, params, dest)
    const there = await context.freshFact(fileStat, `${dest}/.git`, { follow: true })
    if (there === null) return yield* cloned(context, params, repository, dest)
    return yield* updated(params, repository, dest)
  },
})

async function* cloned(
  context: ModuleContext,
  params: GitParams,
  repository: Repository,
  dest: string,
): Steps {
  const found = await context.freshFact(fileStat, dest, { follow: true })
  if (found !== null && found.kind !== 'directory')
    throw moduleFailure('not-a-file', `${dest} is ${named(found.kind)}, not a folder`)
  const target = await repository.remoteTarget()
  if (!params.clone)
    return {
      data: { before: null, after: target.commit },
      changed: false,
      why: `${dest} is no working copy, and clone is off`,
    }
  const { value } = yield {
    summary: `clone ${repository.shown} to ${dest}`,
    action: async () => await repository.clone(target),
  }
  return { data: { before: null, after: typeof value === 'string' ? value : target.commit } }
}

async function* updated(params: GitParams, repository: Repository, dest: string): Steps {
  const before = await repository.head()
  if (!params.update)
    return {
      data: { before, after: before },
      changed: false,
      why: `${dest} is a working copy, and update is off`,
    }
  const isMoved = await repository.hasOtherAddress()
  const isEdited = await repository.isEdited()
  if (isEdited && !params.force)
    throw moduleFailure(
      'git-failed',
      `${dest} has changes that are not committed`,
      'force: yes throws them away',
    )
  const target = await repository.remoteTarget()
  const data = { before, after: target.commit ?? before, remote_url_changed: isMoved }
  if (!isEdited && !isMoved && (await isAt(repository, target, before)))
    return { data, why: `${dest} is at ${before?.slice(0, 12)}` }
  if (isMoved)
    yield {
      summary: `set the address of ${params.remote} in ${dest} to ${repository.shown}`,
      action: async () => await repository.setAddress(),
    }
  if (isEdited)
    yield { summary: `throw away what was changed in ${dest}`, action: async () => await repository.reset() }
  if (await isAt(repository, target, before)) return { data }
  const { value } = yield {
    summary: `bring ${dest} to ${params.version}${target.commit === null ? '' : `, ${target.commit.slice(0, 12)}`}`,
    action: async () => await repository.checkOut(target),
  }
  return { data: typeof value === 'string' ? { ...data, after: value } : data }
}

/** A commit that only the working copy may know, as a short id, is looked up there. */
async function isAt(repository: Repository, target: Target, before: string | null): Promise<boolean> {
  const commit = target.commit ?? (await repository.localCommit())
  return before !== null && commit === before && (await repository.isOn(target))
}
