/** Where a host gets a piece from: the controller, or a host that has it. */
export interface Job {
  readonly piece: number
  /** Name of a host; undefined: the controller. */
  readonly from?: string
}

/**
 * Pieces that are on their way from the controller while hosts can get them from each other: with more, the first ones would be
 * there to pass on later; with fewer, the uplink waits while pieces are compressed and unpacked.
 */
const maxUplinks = 3
/** Pieces that a host passes on at the same time. */
const maxServed = 2
/** How long a host waits for a piece that is on its way to another one while nothing moves; then the controller sends it twice. */
const patienceMs = 3000

interface MemberState {
  readonly has: Set<number>
  readonly missing: Set<number>
  readonly underWay: Set<number>
  /** Hosts that it got pieces from: it is logged in there. */
  readonly sources: Set<string>
  /** Hosts that it could not get anything from. */
  readonly unusable: Set<string>
  served: number
}

/**
 * Hosts that get the same image at the same time. Each piece leaves the controller once, or little more; hosts pass it on while
 * they get the next one. Pure scheduling: who sends, and how, is not known here.
 */
export class Swarm {
  readonly #members = new Map<string, MemberState>()
  readonly #waiting = new Set<() => void>()
  #uplinks = 0
  #movedAt = performance.now()

  /** Hosts that are in it now. */
  get size(): number {
    return this.#members.size
  }

  /** Bytes left the controller: a slow uplink is no reason to lose patience. */
  moved(): void {
    this.#movedAt = performance.now()
  }

  /** A host that may pass on all that it has. A host that is there already gets the new lists. */
  join(name: string, has: Iterable<number>, missing: Iterable<number>): void {
    const known = this.#members.get(name)
    this.#members.set(name, {
      has: new Set(has),
      missing: new Set(missing),
      underWay: new Set(),
      sources: known?.sources ?? new Set(),
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
    const askedAt = performance.now()
    for (;;) {
      const own = this.#members.get(name)
      if (own === undefined || own.missing.size === 0) return undefined
      const waitedMs = performance.now() - Math.max(askedAt, this.#movedAt)
      const job = this.#choose(name, own, waitedMs >= patienceMs)
      if (job !== undefined) {
        own.missing.delete(job.piece)
        own.underWay.add(job.piece)
        const source = job.from === undefined ? undefined : this.#members.get(job.from)
        if (source === undefined) this.#uplinks += 1
        else source.served += 1
        return job
      }
      await this.#change(patienceMs - waitedMs)
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
      if (outcome === 'arrived') own?.sources.add(from)
      if (outcome === 'unusable') own?.unusable.add(from)
    }
    this.#wake()
  }

  /**
   * What nobody has comes first while the controller can send, so that its uplink is never idle; else what another host has, from
   * one where this host is logged in already, if possible: then hosts need few connections, however many they are.
   */
  #choose(name: string, own: MemberState, isImpatient: boolean): Job | undefined {
    const peers = [...this.#members].filter(([peer]) => peer !== name && !own.unusable.has(peer))
    const [first] = own.missing
    if (peers.length === 0) return first === undefined ? undefined : { piece: first }
    if (this.#uplinks < maxUplinks) {
      const others = peers.map(([, member]) => member)
      const isNew = (piece: number) =>
        !others.some(({ has, underWay }) => has.has(piece) || underWay.has(piece))
      const piece = [...own.missing].find(isNew)
      if (piece !== undefined) return { piece }
    }
    const free = peers
      .filter(([, { served }]) => served < maxServed)
      .sort(([a, { served: servedA }], [b, { served: servedB }]) => {
        const known = Number(own.sources.has(b)) - Number(own.sources.has(a))
        return known === 0 ? servedA - servedB : known
      })
    for (const [from, { has }] of free) {
      const piece = [...own.missing].find((missing) => has.has(missing))
      if (piece !== undefined) return { piece, from }
    }
    return isImpatient && first !== undefined ? { piece: first } : undefined
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
