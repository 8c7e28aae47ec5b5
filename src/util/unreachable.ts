/** Ends every `switch` over a union: the compiler proves that no case is left, and a value from outside fails loudly. */
export function unreachable(value: never): never {
  throw new Error(`unreachable case: ${JSON.stringify(value)}`)
}
