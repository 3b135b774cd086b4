import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { LatchkeyError } from '../core/errors.ts'
import type { Api } from './api.ts'
import type { LoggedIn } from './logged-in.ts'
import { localTime } from './plain-text.ts'

export interface DeviceLogin {
  /** What the device calls itself; by default as its machine. */
  readonly label?: string
  readonly profile?: string
}

interface Started {
  readonly deviceCode: string
  readonly userCode: string
  readonly expiresAt: number
  readonly intervalMs: number
}

type Polled =
  | { readonly state: 'pending' | 'slow_down'; readonly intervalMs: number }
  | (LoggedIn & { readonly state: 'approved' })

/** A server that is away for a moment is asked again. */
const PASSING: ReadonlySet<string> = new Set(['unavailable', 'busy', 'timeout'])

/**
 * Logs in without a password (RFC 8628): says a code on standard error, and waits until it is approved elsewhere. Throws
 * `access_denied` where it is denied, and `not_found` when its time is over.
 */
export async function logInDevice(
  api: Api,
  { label = hostname(), profile }: DeviceLogin,
): Promise<LoggedIn> {
  const body = { client: label, profile }
  const { deviceCode, userCode, expiresAt, intervalMs } = await api.ask<Started>(
    'POST',
    '/v1/device',
    { body },
  )
  process.stderr.write(
    `The code is ${userCode}, good until ${localTime(expiresAt)}. Where you are logged in:\n` +
      `latchkey device approve ${userCode}\n`,
  )
  for (let wait = intervalMs; ; ) {
    await sleep(wait)
    const polled = await poll(api, deviceCode)
    if (polled === null) continue
    if (polled.state === 'approved') return polled
    wait = polled.intervalMs
  }
}

async function poll(api: Api, deviceCode: string): Promise<Polled | null> {
  try {
    return await api.ask<Polled>('POST', '/v1/device/token', { body: { deviceCode } })
  } catch (error) {
    if (error instanceof LatchkeyError && PASSING.has(error.code)) return null
    throw error
  }
}
