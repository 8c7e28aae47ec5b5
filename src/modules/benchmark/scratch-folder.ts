/**
 * Where workloads keep their files, on the hypervisor and in guests alike, so that a command is the same on both sides.
 * Not below /tmp, which may be in memory.
 */
export const scratchFolder = '/var/tmp/hvlab-benchmark'
