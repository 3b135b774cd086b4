import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DevicePollAnswer, HttpClient, LoggedInAnswer } from '../client/http/index.ts'
import { LatchkeyError } from '../core/errors.ts'
import { localTime } from './plain-text.ts'

export interface DeviceLogin {
  /** The name of the device. Default: the host name. */
  readonly label?: string
  readonly profile?: string
}

/** Errors after which polling goes on. */
const TRANSIENT: ReadonlySet<string> = new Set(['unavailable', 'busy', 'timeout'])

/**
 * Logs in without a password (RFC 8628): prints a code on standard error and polls until the code is approved. Throws
 * `access_denied` if it is denied, and `not_found` after it has expired.
 */
export async function logInDevice(
  api: HttpClient,
  { label = hostname(), profile }: DeviceLogin,
): Promise<LoggedInAnswer> {
  const started = await api.startDevice({ client: label, profile })
  const { deviceCode, userCode, expiresAt, intervalMs } = started
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

async function poll(api: HttpClient, deviceCode: string): Promise<DevicePollAnswer | null> {
  try {
    return await api.pollDevice(deviceCode)
  } catch (error) {
    if (error instanceof LatchkeyError && TRANSIENT.has(error.code)) return null
    throw error
  }
}
