import type { Failure } from '../model/failure.ts'
import type { Vars } from '../model/value.ts'
import { sleep } from '../util/sleep.ts'
import { connectionStates, drainedCondition } from './drained-port.ts'
import { moduleFailure } from './failure.ts'
import { hostPath } from './files/host-path.ts'
import { choice, float, int, list, parameters, path, text } from './params.ts'
import { defineQuery } from './query.ts'
import { pathCondition, portCondition } from './wait-condition.ts'

/** Ansible's `wait_for`. */
export const waitFor = defineQuery({
  name: 'wait_for',
  doc: 'Waits until a port answers or is closed, or until a file exists, is gone or holds a text. The port is tried from the host.',
  params: parameters(
    {
      host: text().default('127.0.0.1').describe('Whose port, as seen from the host.'),
      port: int().optional().describe('TCP port.'),
      path: path().optional().describe('File on the host.'),
      state: choice(['started', 'present', 'stopped', 'absent', 'drained'])
        .default('started')
        .describe(
          'started: the port answers; stopped: it does not; drained: no connection to it is in use; present and absent: the file.',
        ),
      search_regex: text()
        .optional()
        .describe('Python regular expression that the file, or what the port sends, must have.'),
      timeout: int().default(300).describe('Seconds until it is a failure.'),
      connect_timeout: int().default(5).describe('Seconds for one attempt to connect.'),
      delay: int().default(0).describe('Seconds before the first look.'),
      sleep: float().default(1).describe('Seconds between looks.'),
      active_connection_states: list()
        .refine((names) => names.every((name) => connectionStates.includes(name)), {
          error: `must be of ${connectionStates.join(', ')}`,
        })
        .default(connectionStates)
        .describe('With drained: the states in which a connection is in use.'),
      exclude_hosts: list().optional().describe('With drained: connections from these hosts do not count.'),
      msg: text().optional().describe('What to say when time is up.'),
    },
    { exclusive: [['port', 'path']] },
  ),
  returns: {
    elapsed: 'seconds waited',
    match_groups: 'groups of search_regex',
    match_groupdict: 'named groups of search_regex',
  },
  async answer(context, params) {
    if (params.exclude_hosts !== undefined && params.state !== 'drained')
      throw moduleFailure('invalid-parameter', 'wait_for: exclude_hosts goes with state drained only')
    if (context.check) return { skipped: 'a check run does not wait' }
    const started = performance.now()
    const elapsed = (): number => Math.round((performance.now() - started) / 1000)
    await sleep(params.delay * 1000, context.signal)
    const condition = await conditionOf()
    const data: Vars = {
      state: params.state,
      port: params.port ?? null,
      path: params.path ?? null,
      search_regex: params.search_regex ?? null,
    }
    if (condition === null) {
      await sleep(params.timeout * 1000, context.signal)
      return { data: { ...data, elapsed: elapsed() }, changed: false, why: `waited ${params.timeout} s` }
    }
    for (;;) {
      const met = await condition.check()
      if (met !== null) {
        return {
          data: { ...data, ...met, elapsed: elapsed() },
          changed: false,
          why: `${condition.what} after ${elapsed()} s`,
        }
      }
      const leftMs = params.timeout * 1000 - (performance.now() - started)
      if (leftMs <= 0) break
      context.progress({
        text: `waiting until ${condition.what}`,
        done: elapsed(),
        total: params.timeout,
        unit: 'steps',
      })
      await sleep(Math.min(params.sleep * 1000, leftMs), context.signal)
    }
    const failed: Failure = {
      ...moduleFailure('wait-timeout', params.msg ?? `${condition.notYet} after ${params.timeout} s`).failure,
      reason: 'timeout',
    }
    return { data: { ...data, elapsed: elapsed() }, failed }

    async function conditionOf() {
      if (params.state === 'drained') return await drained()
      if (params.port !== undefined) return portCondition(context, { ...params, port: params.port })
      if (params.path === undefined) return null
      return pathCondition(context, { ...params, path: await hostPath(context, params.path) })
    }

    async function drained() {
      if (params.port === undefined)
        throw moduleFailure('invalid-parameter', 'wait_for: state drained needs port')
      return await drainedCondition(context, {
        ...params,
        port: params.port,
        exclude_hosts: params.exclude_hosts ?? [],
      })
    }
  },
})
