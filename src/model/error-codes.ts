/**
 * Every code that a failure or diagnostic can carry, with a sentence for docs/errors.md. A test keeps the three in
 * step: the codes used in src/, this list, and the document.
 */
export const errorCodes = {
  'benchmark-guest-lost': 'A guest stopped answering while it was measured.',
  'benchmark-guest-not-running': 'A guest that should be measured has no running domain.',
  'benchmark-no-guest': 'The hypervisor has no guest to measure, or not the one that was asked for.',
  'benchmark-output-inconsistent': 'The figures of a benchmark do not add up, so none of them is used.',
  'benchmark-output-unreadable': 'The output of a benchmark is cut, or of a version that hvlab cannot read.',
  'benchmark-run-length': 'A trial was shorter or longer than asked, twice.',
  'benchmark-suspend-failed': 'libvirt could not suspend a guest for the native trial.',
  'benchmark-tool-failed': 'The benchmark program ended with an error.',
  'benchmark-tool-missing': 'The benchmark program is not installed on a host or guest.',
  'benchmark-tool-too-old': 'The benchmark program is of a version whose figures cannot be compared.',
  'benchmark-workload-invalid': 'A workload file is not as docs/workloads.md describes.',
  'benchmark-workload-unknown': 'No workload file has that id.',
  'image-architecture': 'An image cannot be built on a machine of this CPU architecture.',
  'image-build-failed': 'A step of building an image failed; the tool’s last lines are with the error.',
  'image-in-use': 'An image cannot be removed or replaced while disks of guests stand on it.',
  'image-keyring-missing': 'The keys that sign an image’s packages are not on the machine that builds it.',
  'image-not-built': 'An image is to be copied to a host, but the controller has not built it.',
  'image-not-deployed': 'A guest needs an image that its host’s store does not have whole.',
  'image-not-published': 'A finished image could not be put into the store.',
  'image-push-failed': 'An image could not be copied to a host, or arrived damaged.',
  'image-store-lock': 'The image store could not be locked.',
  'image-store-not-writable': 'The image store cannot be written by this user.',
  'image-tools-missing': 'The machine lacks tools that build images.',
  'invalid-image-file': 'An image.yml has a mistake.',
  'invalid-image-name': 'A word cannot be the name of an image.',
  'report-no-samples': 'The run has no finished benchmark, so there is nothing to report.',
  'run-not-found': 'No run of that name is in the results folder.',
} as const satisfies Record<string, string>
