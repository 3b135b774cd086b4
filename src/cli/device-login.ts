import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { LatchkeyError } from '../core/errors.ts'
import type { Api } from './api.ts'
import type { LoggedIn } from './logged-in.ts'
import { localTime } from './plain-text.ts'

export interface DeviceLogin {
  /** The name of the device. Default: the host name. */
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

/** Errors after which polling goes on. */
const TRANSIENT: ReadonlySet<string> = new Set(['unavailable', 'busy', 'timeout'])

/**
 * Logs in without a password (RFC 8628): prints a code on standard error and polls until the code is approved. Throws
 * `access_denied` if it is denied, and `not_found` after it has expired.
 */
export async function logInDevice(
  api: Api,
  { label = hostname(), profile }: DeviceLogin,
): Promise<LoggedIn> {
  const body = { client: label, profile }
  const { deviceCode, userCode, expiresAt, intervalMs } = await api.request<Started>(
    'POST',
    '/v1/device',
    { body },
  )
  process.stderr.write(
    `The code is ${userCode}. It expires at ${localTime(expiresAt)}. On a device where you are logged in, run:\n` +
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
    return await api.request<Polled>('POST', '/v1/device/token', { body: { deviceCode } })
  } catch (error) {
    if (error instanceof LatchkeyError && TRANSIENT.has(error.code)) return null
    throw error
  }
}
