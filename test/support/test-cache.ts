/** Where tests keep what a later run of theirs can use again: built images. */
export const testCache = '/var/tmp/hvlab-test'
