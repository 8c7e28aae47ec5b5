import type { PlayStage } from '../model/plan.ts'
import type { Block, StepKeywords, Task } from '../model/task.ts'
import type { Value, Vars } from '../model/value.ts'
import type { Layer } from './vars.ts'

/** What tasks have from the blocks and includes that they stand in. */
export interface Inherited {
  /** Prefix of task ids inside an include: each instance is its own. */
  readonly idPrefix: string
  readonly when: readonly Value[]
  /** Variables of blocks, outermost first. */
  readonly blockVars: readonly Vars[]
  /** What includes passed, outermost first. */
  readonly includeVars: readonly Layer[]
  /** The nearest inclusion of a role around: its handlers have its variables. */
  readonly inclusion?: Inclusion
  readonly environment: readonly Value[]
  readonly keywords: Keywords
  /** True inside a block with a rescue: a failure there does not fail the host yet. */
  readonly isRescuable: boolean
}

export type Inclusion = Pick<Inherited, 'idPrefix' | 'includeVars'>

type Keywords = Partial<
  Pick<
    StepKeywords,
    | 'become'
    | 'becomeUser'
    | 'becomeMethod'
    | 'ignoreErrors'
    | 'ignoreUnreachable'
    | 'noLog'
    | 'delegateTo'
    | 'runOnce'
    | 'checkMode'
    | 'diff'
    | 'anyErrorsFatal'
    | 'notify'
    | 'role'
  >
>

const names: readonly (keyof Keywords)[] = [
  'become',
  'becomeUser',
  'becomeMethod',
  'ignoreErrors',
  'ignoreUnreachable',
  'noLog',
  'delegateTo',
  'runOnce',
  'checkMode',
  'diff',
  'anyErrorsFatal',
  'notify',
  'role',
]

export const atTop: Inherited = {
  idPrefix: '',
  when: [],
  blockVars: [],
  includeVars: [],
  environment: [],
  keywords: {},
  isRescuable: false,
}

/** What a play gives all its tasks, handlers too. The rest of its keywords stand in the tasks already. */
export function fromPlay(stage: PlayStage): Inherited {
  const { become, becomeUser, becomeMethod, ignoreErrors } = stage
  return {
    ...atTop,
    keywords: {
      ...(become === undefined ? {} : { become }),
      ...(becomeUser === undefined ? {} : { becomeUser }),
      ...(becomeMethod === undefined ? {} : { becomeMethod }),
      ...(ignoreErrors === undefined ? {} : { ignoreErrors }),
    },
  }
}

/** What the steps inside a block have. */
export function insideBlock(outer: Inherited, block: Block, isRescuable: boolean): Inherited {
  return {
    ...outer,
    when: [...outer.when, ...block.when],
    blockVars: [...outer.blockVars, block.vars],
    environment:
      block.environment === undefined ? outer.environment : [...outer.environment, block.environment],
    keywords: { ...outer.keywords, ...given(block) },
    isRescuable,
  }
}

/** A task with what it inherits filled in; its own keywords win, its conditions are added. */
export function resolved(task: Task, inherited: Inherited): Task {
  return {
    ...task,
    ...inherited.keywords,
    ...given(task),
    notify: task.notify.length > 0 ? task.notify : (inherited.keywords.notify ?? []),
    id: inherited.idPrefix + task.id,
    when: [...inherited.when, ...task.when],
  }
}

function given(step: StepKeywords): Keywords {
  return Object.fromEntries(
    names.filter((name) => step[name] !== undefined).map((name) => [name, step[name]]),
  ) as Keywords
}
