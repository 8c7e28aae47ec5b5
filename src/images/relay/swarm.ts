/** Where a host gets a piece from: the controller, or a host that has it. */
export interface Job {
  readonly piece: number
  /** Name of a host; undefined: the controller. */
  readonly from?: string
}

/** Pieces that the controller sends at the same time while hosts can get them from each other. */
const maxUplinks = 2
/** Pieces that a host passes on at the same time. */
const maxServed = 2
/** How long a host waits for a piece that is on its way to another one; then the controller sends it twice. */
const patienceMs = 3000

interface MemberState {
  readonly has: Set<number>
  readonly missing: Set<number>
  readonly underWay: Set<number>
  /** Hosts that it could not get anything from. */
  readonly unusable: Set<string>
  served: number
}

/**
 * Hosts that get the same disk at the same time. Each piece leaves the controller once, or little more; hosts pass it on. Pure
 * scheduling: who sends, and how, is not known here.
 */
export class Swarm {
  readonly #members = new Map<string, MemberState>()
  readonly #waiting = new Set<() => void>()
  #uplinks = 0

  /** A host that may pass on all that it has. A host that is there already gets the new lists. */
  join(name: string, has: Iterable<number>, missing: Iterable<number>): void {
    const known = this.#members.get(name)
    this.#members.set(name, {
      has: new Set(has),
      missing: new Set(missing),
      underWay: new Set(),
      unusable: known?.unusable ?? new Set(),
      served: known?.served ?? 0,
    })
    this.#wake()
  }

  /** A host that failed passes nothing on. */
  leave(name: string): void {
    this.#members.delete(name)
    this.#wake()
  }

  /** What the host should get next; undefined when the rest is under way. End each job with `end`. */
  async next(name: string): Promise<Job | undefined> {
    for (let waitedMs = 0; ; ) {
      const own = this.#members.get(name)
      if (own === undefined || own.missing.size === 0) return undefined
      const job = this.#choose(name, own, waitedMs >= patienceMs)
      if (job !== undefined) {
        own.missing.delete(job.piece)
        own.underWay.add(job.piece)
        const source = job.from === undefined ? undefined : this.#members.get(job.from)
        if (source === undefined) this.#uplinks += 1
        else source.served += 1
        return job
      }
      const started = performance.now()
      await this.#change(patienceMs - waitedMs)
      waitedMs += performance.now() - started
    }
  }

  /** @param outcome `unusable`: that host cannot be reached from this one, so it is not tried again. */
  end(name: string, { piece, from }: Job, outcome: 'arrived' | 'failed' | 'unusable'): void {
    const own = this.#members.get(name)
    own?.underWay.delete(piece)
    if (outcome === 'arrived') own?.has.add(piece)
    else own?.missing.add(piece)
    if (from === undefined) this.#uplinks -= 1
    else {
      const source = this.#members.get(from)
      if (source !== undefined) source.served -= 1
      if (outcome === 'unusable') own?.unusable.add(from)
    }
    this.#wake()
  }

  #choose(name: string, own: MemberState, isImpatient: boolean): Job | undefined {
    const peers = [...this.#members].filter(([peer]) => peer !== name && !own.unusable.has(peer))
    const free = peers
      .filter(([, { served }]) => served < maxServed)
      .sort(([, a], [, b]) => a.served - b.served)
    for (const piece of own.missing) {
      const source = free.find(([, { has }]) => has.has(piece))
      if (source !== undefined) return { piece, from: source[0] }
    }
    if (peers.length > 0 && this.#uplinks >= maxUplinks && !isImpatient) return undefined
    // What nobody has or is getting comes first: then the others can have it from here.
    const others = peers.map(([, member]) => member)
    const isNew = (piece: number) =>
      !others.some(({ has, underWay }) => has.has(piece) || underWay.has(piece))
    const [first] = own.missing
    const piece = [...own.missing].find(isNew) ?? (peers.length === 0 || isImpatient ? first : undefined)
    return piece === undefined ? undefined : { piece }
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  #change(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, Math.max(0, limitMs))
      this.#waiting.add(done)
    })
  }
}
