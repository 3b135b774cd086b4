import type { Refusal } from '../errors.ts'
import type { PublicKey } from '../token/codec.ts'
import type { Authenticated, Checker } from './sessions/authenticate.ts'
import {
  type DevicePoll,
  type DeviceRequest,
  type PolledDevice,
  pollDevice,
  type StartedDevice,
  startDevice,
} from './devices/device.ts'
import { approveDevice, denyDevice, findDevice } from './devices/device-approval.ts'
import type { DeviceAsking } from './devices/device-grant.ts'
import type { CallOptions, House } from './context.ts'
import { type Refreshed, refresh, refreshDue } from './sessions/refresh.ts'
import { rotateSigningKey } from './signing-keys.ts'

type Options = CallOptions
type Outcome<T> = Promise<T | Refusal>

/** The verbs of the authority that agents and devices need: refreshing by use, logging a device in, signing keys. */
export class AgentVerbs {
  readonly #house: House
  readonly #checker: Checker

  constructor(house: House, checker: Checker) {
    this.#house = house
    this.#checker = checker
  }

  /** {@link refresh} */
  refresh(token: string | null | undefined, options: Options = {}): Outcome<Refreshed> {
    return refresh(this.#house, this.#checker, token, options)
  }

  /** {@link refreshDue} */
  refreshDue(current: Authenticated, token: string, options: Options = {}): boolean {
    return refreshDue(this.#house, current, token, options)
  }

  /** {@link startDevice} */
  startDevice(request: DeviceRequest = {}, options: Options = {}): Outcome<StartedDevice> {
    return startDevice(this.#house, request, options)
  }

  /** {@link pollDevice} */
  pollDevice(
    deviceCode: string,
    request: DevicePoll = {},
    options: Options = {},
  ): Outcome<PolledDevice> {
    return pollDevice(this.#house, deviceCode, request, options)
  }

  /** {@link findDevice} */
  findDevice(
    current: Authenticated,
    userCode: string,
    options: Options = {},
  ): Outcome<{ ok: true; device: DeviceAsking }> {
    return findDevice(this.#house, current, userCode, options)
  }

  /** {@link approveDevice} */
  approveDevice(
    current: Authenticated,
    userCode: string,
    options: Options = {},
  ): Outcome<{ ok: true }> {
    return approveDevice(this.#house, current, userCode, options)
  }

  /** {@link denyDevice} */
  denyDevice(
    current: Authenticated,
    userCode: string,
    options: Options = {},
  ): Outcome<{ ok: true }> {
    return denyDevice(this.#house, current, userCode, options)
  }

  /** The public keys of signed tokens (RFC 7517), for whoever looks at them elsewhere; the session behind one lives only here. */
  jwks(): { readonly keys: readonly PublicKey[] } {
    return { keys: this.#house.signingKeys().flatMap((keys) => keys.list()) }
  }

  /** {@link rotateSigningKey} */
  rotateSigningKey(by: string | null = null, options: Options = {}): Promise<string> {
    return rotateSigningKey(this.#house, by, options)
  }
}
