/**
 * Every code that a failure or diagnostic can carry, with a sentence for docs/errors.md. A test keeps the three in
 * step: the codes used in src/, this list, and the document.
 */
export const errorCodes = {
  'run-not-found': 'No run of that name is in the results folder.',
} as const satisfies Record<string, string>
