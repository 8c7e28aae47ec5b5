import { which } from '../../facts/which.ts'
import type { Command, CommandResult } from '../../model/command.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { printable } from '../../util/printable.ts'
import { renderCommand, sh } from '../../util/sh.ts'
import { splitWords } from '../command/command-line.ts'
import { lastLines, moduleFailure } from '../failure.ts'
import { hostPath } from '../files/host-path.ts'
import type { GitParams } from './git.ts'

/** What a version is in the repository; a commit that no branch or tag names is known by its id alone. */
export interface Target {
  readonly kind: 'branch' | 'tag' | 'commit'
  /** Of a branch its name, which HEAD stands for. */
  readonly name: string
  /** 40 or 64 hexadecimal digits; null when only a fetch can tell. */
  readonly commit: string | null
}

const commitId = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/

/** A repository elsewhere and its working copy on the host. */
export class Repository {
  /** The address without a password. */
  readonly shown: string
  readonly #context: ModuleContext
  readonly #params: GitParams
  readonly #dest: string
  readonly #repo: string
  readonly #program: string
  readonly #env: Readonly<Record<string, string>>

  private constructor(
    context: ModuleContext,
    params: GitParams,
    dest: string,
    program: string,
    keyFile: string | null,
  ) {
    this.#context = context
    this.#params = params
    this.#dest = dest
    this.#program = program
    // As Ansible does: a path by itself would be copied, with all of its history.
    this.#repo = params.repo.startsWith('/') ? `file://${params.repo}` : params.repo
    this.shown = this.#repo.replace(/^(\w+:\/\/)[^/@]*@/, '$1')
    const hostKeys = params.accept_hostkey ? 'no' : params.accept_newhostkey ? 'accept-new' : null
    const ssh = [
      ...['-o', 'BatchMode=yes'],
      ...(hostKeys === null ? [] : ['-o', `StrictHostKeyChecking=${hostKeys}`]),
      ...(keyFile === null ? [] : ['-i', keyFile, '-o', 'IdentitiesOnly=yes']),
      ...splitWords(params.ssh_opts ?? ''),
    ]
    this.#env = { GIT_TERMINAL_PROMPT: '0', GIT_SSH_COMMAND: renderCommand(sh`ssh ${ssh}`) }
  }

  static async open(context: ModuleContext, params: GitParams, dest: string): Promise<Repository> {
    const { git } = await context.fact(which, ['git'])
    const program = params.executable ?? git
    if (!program) throw moduleFailure('git-failed', `${context.host} has no git`, 'install the package git')
    const keyFile = params.key_file === undefined ? null : await hostPath(context, params.key_file)
    return new Repository(context, params, dest, program, keyFile)
  }

  /** What the version is in the repository now. */
  async remoteTarget(): Promise<Target> {
    const { version } = this.#params
    if (commitId.test(version)) return { kind: 'commit', name: version, commit: version }
    const names =
      version === 'HEAD'
        ? ['HEAD']
        : [`refs/heads/${version}`, `refs/tags/${version}`, `refs/tags/${version}^{}`]
    const listed = await this.#run(sh`ls-remote --symref -- ${this.#repo} ${names}`, 'read the repository')
    const refs = new Map(
      listed.stdout.split('\n').flatMap((line): [string, string][] => {
        const [commit = '', name = ''] = line.split('\t')
        return commitId.test(commit) ? [[name, commit]] : []
      }),
    )
    if (version === 'HEAD') {
      const branch = /^ref: refs\/heads\/([^-\s]\S*)\tHEAD$/m.exec(listed.stdout)?.[1]
      const commit = refs.get('HEAD') ?? null
      if (commit !== null)
        return branch === undefined
          ? { kind: 'commit', name: commit, commit }
          : { kind: 'branch', name: branch, commit }
    }
    const branch = refs.get(`refs/heads/${version}`)
    if (branch !== undefined) return { kind: 'branch', name: version, commit: branch }
    const tag = refs.get(`refs/tags/${version}^{}`) ?? refs.get(`refs/tags/${version}`)
    if (tag !== undefined) return { kind: 'tag', name: version, commit: tag }
    if (/^[0-9a-f]{4,64}$/.test(version)) return { kind: 'commit', name: version, commit: null }
    throw moduleFailure('git-failed', `${this.shown} has no branch, tag or commit ${version}`)
  }

  async head(): Promise<string | null> {
    return await this.#commitOf('HEAD')
  }

  async localCommit(): Promise<string | null> {
    return await this.#commitOf(this.#params.version)
  }

  async #commitOf(name: string): Promise<string | null> {
    const { stdout } = await this.#context.run(
      this.#inside(sh`rev-parse --verify --quiet ${`${name}^{commit}`}`),
    )
    return commitId.test(stdout.trim()) ? stdout.trim() : null
  }

  /** On the branch of that name, or on none. */
  async isOn(target: Target): Promise<boolean> {
    const { stdout } = await this.#context.run(this.#inside(sh`symbolic-ref --quiet --short HEAD`))
    return stdout.trim() === (target.kind === 'branch' ? target.name : '')
  }

  async hasOtherAddress(): Promise<boolean> {
    const { exitCode, stdout } = await this.#context.run(
      this.#inside(sh`config --get ${`remote.${this.#params.remote}.url`}`),
    )
    return exitCode !== 0 || stdout.replace(/\n$/, '') !== this.#repo
  }

  /** Files that git does not know are none of its business, as in Ansible. */
  async isEdited(): Promise<boolean> {
    const { stdout } = await this.#run(
      this.#inWords(sh`status --porcelain --untracked-files=no`),
      'look at the working copy',
    )
    return stdout.trim() !== ''
  }

  async setAddress(): Promise<void> {
    const { remote } = this.#params
    const has = await this.#context.run(this.#inside(sh`config --get ${`remote.${remote}.url`}`))
    await this.#run(
      this.#inWords(
        has.exitCode === 0
          ? sh`remote set-url -- ${remote} ${this.#repo}`
          : sh`remote add -- ${remote} ${this.#repo}`,
      ),
      'set its address',
    )
  }

  async reset(): Promise<void> {
    await this.#run(this.#inWords(sh`reset --hard --quiet HEAD`), 'throw changes away')
  }

  async clone(target: Target): Promise<string> {
    const { remote, depth, single_branch } = this.#params
    // A commit by its id may be anywhere in the history.
    const named = target.kind === 'commit' ? [] : ['--branch', target.name]
    const shallow = depth !== undefined && target.kind !== 'commit' ? ['--depth', String(depth)] : []
    const branches = single_branch ? ['--single-branch'] : shallow.length > 0 ? ['--no-single-branch'] : []
    await this.#run(
      sh`clone --quiet --origin ${remote} ${[...named, ...shallow, ...branches]} -- ${this.#repo} ${this.#dest}`,
      'clone',
    )
    if (target.kind === 'commit') await this.#switchTo(target)
    return await this.#finished()
  }

  async checkOut(target: Target): Promise<string> {
    const { remote } = this.#params
    await this.#run(
      this.#inWords(
        sh`fetch --quiet --tags --force -- ${remote} ${`+refs/heads/*:refs/remotes/${remote}/*`}`,
      ),
      'fetch',
    )
    await this.#switchTo(target)
    return await this.#finished()
  }

  async #switchTo({ kind, name }: Target): Promise<void> {
    const { remote } = this.#params
    const words =
      kind === 'branch'
        ? sh`checkout --quiet --force -B ${name} ${`refs/remotes/${remote}/${name}`} --`
        : sh`checkout --quiet --force --detach ${kind === 'tag' ? `refs/tags/${name}` : name} --`
    await this.#run(this.#inWords(words), `check out ${name}`)
  }

  async #finished(): Promise<string> {
    if (this.#params.recursive)
      await this.#run(this.#inWords(sh`submodule update --quiet --init --recursive`), 'bring the submodules')
    return (await this.head()) ?? ''
  }

  #inWords(words: Command): Command {
    return sh`-C ${this.#dest} ${words}`
  }

  #inside(words: Command): Command {
    return this.#command(this.#inWords(words))
  }

  #command(words: Command): Command {
    const secret = /^\w+:\/\/(?:[^/@:]*:)?([^/@:]+)@/.exec(this.#repo)?.[1]
    return {
      ...sh`${this.#program} ${words}`,
      env: this.#env,
      masks: secret === undefined || /^git$/.test(secret) ? [] : [secret],
    }
  }

  async #run(words: Command, what: string): Promise<CommandResult> {
    const result = await this.#context.run(this.#command(words))
    if (result.exitCode === 0) return result
    const said =
      result.stderr
        .split('\n')
        .filter((line) => /^(fatal|error|ssh|Host key|Permission)/i.test(line))
        .at(-1) ?? lastLines(result.stderr, 1)
    throw moduleFailure(
      'git-failed',
      `git could not ${what} (${this.shown}): ${printable(said)}`,
      hintFor(result.stderr),
    )
  }
}

function hintFor(said: string): string | undefined {
  if (/Host key verification failed/.test(said))
    return 'say which key the server has with the known_hosts module, or set accept_newhostkey: yes'
  if (
    /Permission denied \(publickey|could not read Username|terminal prompts disabled|Authentication failed/.test(
      said,
    )
  )
    return 'the server wants a login: key_file names a key'
  if (/dubious ownership/.test(said))
    return 'the folder belongs to somebody else: set become_user to its owner'
  if (/not an empty directory/.test(said)) return 'dest has files and is no working copy'
  return undefined
}
