/** Why an output was not accepted. Thrown inside a parser, returned by it as a Failure. */
export class Refusal extends Error {
  /** From the error catalogue. */
  readonly code: string
  readonly hint: string | undefined
  constructor(code: string, message: string, hint?: string) {
    super(message)
    this.name = 'Refusal'
    this.code = code
    this.hint = hint
  }
}
