import type { Duplex } from 'node:stream'

/**
 * What is written to the stream in one turn leaves it together. ssh2 writes each packet in three parts: length, content, tag
 * (1.17, lib/protocol/crypto.js). Without Nagle's algorithm each of them would be a system call, a segment on the wire and a
 * wake-up of sshd; through a jump host, a packet of the outer connection.
 */
export function gatherWrites(stream: Duplex): void {
  // A channel of ssh2 has none: then Node would write part by part again.
  stream._writev ??= (parts, done) => {
    stream._write(Buffer.concat(parts.map(({ chunk }) => chunk)), 'binary', done)
  }
  const write = stream.write.bind(stream)
  let isGathering = false
  stream.write = ((...words: Parameters<typeof write>) => {
    if (!isGathering) {
      isGathering = true
      stream.cork()
      process.nextTick(() => {
        isGathering = false
        stream.uncork()
      })
    }
    return write(...words)
  }) as typeof stream.write
}
