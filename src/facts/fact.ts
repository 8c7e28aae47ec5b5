import type { Fact } from '../model/fact.ts'

/** Gives a fact its types. */
export function defineFact<Args extends readonly unknown[], T>(fact: Fact<Args, T>): Fact<Args, T> {
  return fact
}
