import { z } from 'zod'
import { type Command, defineCommand } from '../define-command.ts'
import { defined, loggedIn, loggedInShape } from './shapes.ts'

const time = z.int().min(0)
const text = z.string().nullable()
const userCode = z.string().min(1).max(100).describe('The code that the device shows')
const byUserCode = z.strictObject({ userCode })
const intervalMs = time.describe('How long to wait between two polls')

/** The commands for the login of a device (RFC 8628), and for the keys of signed tokens. */
export const deviceCommands: readonly Command[] = [
  defineCommand({
    name: 'device.start',
    about:
      'Starts the login of a device, which shows the user code and polls with the device code.',
    access: ['*'],
    params: z.strictObject({
      client: z.string().max(100).optional().describe('The name that the device gives itself'),
      profile: z.enum(['agent', 'web', 'device']).optional().describe('`agent` by default'),
    }),
    result: z.strictObject({
      deviceCode: z.string().describe('The secret that the device polls with'),
      userCode: z.string().describe('The code to show: `XXXX-XXXX`'),
      expiresAt: time.describe('When both codes expire, in epoch milliseconds'),
      intervalMs,
    }),
    async run(params, { authority, caller }) {
      const started = await authority.devices.start(defined(params), caller)
      if (!started.ok) return started
      const { ok: _, ...codes } = started
      return codes
    },
  }),
  defineCommand({
    name: 'device.poll',
    about: 'Returns the state of a device login, and once it is approved the session, once.',
    access: ['*'],
    params: z.strictObject({
      deviceCode: z.string().min(1).max(200).describe('The device’s secret'),
    }),
    result: z.discriminatedUnion('state', [
      z.strictObject({
        state: z.enum(['pending', 'slow_down']).describe('The login waits'),
        intervalMs,
      }),
      z.strictObject({
        state: z.literal('approved').describe('The login is approved'),
        ...loggedInShape.shape,
      }),
    ]),
    async run({ deviceCode }, { authority, caller }) {
      const polled = await authority.devices.poll(deviceCode, {}, caller)
      if (!polled.ok) return polled
      const { state } = polled
      if (state === 'approved') return { state, ...loggedIn(polled.login) }
      return { state, intervalMs: polled.intervalMs }
    },
  }),
  defineCommand({
    name: 'device.find',
    about: 'Returns what a device waiting for approval reports about itself.',
    access: ['*'],
    session: 'fresh',
    params: byUserCode,
    result: z.strictObject({
      address: text.describe('The network address of the device'),
      userAgent: text.describe('What the device says that it is'),
      label: text.describe('The name that the device gives itself'),
      profile: z.string().describe('The profile of the session that it would get'),
      roles: z.array(z.string()).nullable().describe('The roles that it asks for; null for all'),
      startedAt: time.describe('When it asked, in epoch milliseconds'),
      expiresAt: time.describe('When its code expires, in epoch milliseconds'),
    }),
    async run({ userCode }, { authority, caller, current }) {
      if (current === null) return null
      const found = await authority.devices.find(current, userCode, caller)
      return found.ok ? found.device : found
    },
  }),
  defineCommand({
    name: 'device.approve',
    about:
      'Approves a device login as the current actor, with at most the roles of the current session.',
    access: ['*'],
    session: 'fresh',
    params: byUserCode,
    async run({ userCode }, { authority, caller, current }) {
      if (current === null) return null
      const outcome = await authority.devices.approve(current, userCode, caller)
      return outcome.ok ? null : outcome
    },
  }),
  defineCommand({
    name: 'device.deny',
    about: 'Denies a device login.',
    access: ['*'],
    session: 'fresh',
    params: byUserCode,
    async run({ userCode }, { authority, caller, current }) {
      if (current === null) return null
      const outcome = await authority.devices.deny(current, userCode, caller)
      return outcome.ok ? null : outcome
    },
  }),
  defineCommand({
    name: 'keys.list',
    about: 'Returns the public keys of signed tokens (RFC 7517).',
    access: ['*'],
    params: z.strictObject({}),
    result: z.strictObject({
      keys: z.array(z.record(z.string(), z.string())).describe('The keys, in the form of RFC 7517'),
    }),
    run: (_params, { authority }) => authority.keys.jwks(),
  }),
]
