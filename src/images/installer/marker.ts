/**
 * What an installer prints on its serial console, as a line of its own, when its last late-command has run. The nonce
 * is of one build: nothing left on a disk or in a log of another build can be taken for it.
 */
export const successMarker = (nonce: string): string => `HVLAB-OK ${nonce}`

/** The same from the end of the error-commands: the logs are out, nothing more is to come. */
export const failureMarker = (nonce: string): string => `HVLAB-FAIL ${nonce}`
