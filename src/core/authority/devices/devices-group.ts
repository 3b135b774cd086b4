import type { Refusal } from '../../errors.ts'
import type { AuthorityContext, CallOptions } from '../context.ts'
import type { Authenticated } from '../sessions/authenticate.ts'
import {
  type DevicePoll,
  type DeviceRequest,
  type PolledDevice,
  pollDevice,
  type StartedDevice,
  startDevice,
} from './device.ts'
import { approveDevice, denyDevice, findDevice } from './device-approval.ts'
import type { DeviceAsking } from './device-grant.ts'

/** Device authorization (RFC 8628), the login of a device without a keyboard: `authority.devices`. */
export interface DevicesGroup {
  /**
   * Starts the login of a device. Its codes are valid for 10 minutes and one use; only their hashes are stored. Refuses `throttled` by
   * address, and `invalid_request` for a profile that a device may not have.
   */
  start(request?: DeviceRequest, options?: CallOptions): Promise<StartedDevice | Refusal>
  /**
   * Returns the state of a device login, and the session once it is approved: exactly one of
   * several concurrent polls gets it. Any end of the approving session, a changed password, a
   * suspension or a lock-all after the approval withdraws it. Refuses `access_denied` for a login that was denied or withdrawn,
   * `not_found` for a code that is unknown, used or expired. Guards run as at a login.
   */
  poll(
    deviceCode: string,
    request?: DevicePoll,
    options?: CallOptions,
  ): Promise<PolledDevice | Refusal>
  /**
   * Returns what a device waiting for approval reports about itself. Like `approve` and `deny` it
   * requires a session with a recent proof that is not an impersonation: refuses `access_denied`,
   * `step_up_required`, `not_found` for a wrong, used or expired code, and `throttled` after
   * several wrong codes, by actor and by address.
   */
  find(
    current: Authenticated,
    userCode: string,
    options?: CallOptions,
  ): Promise<{ ok: true; device: DeviceAsking } | Refusal>
  /**
   * Approves a device login as the owner of `current`, with at most the roles of `current`. Of
   * concurrent decisions the first counts.
   */
  approve(
    current: Authenticated,
    userCode: string,
    options?: CallOptions,
  ): Promise<{ ok: true } | Refusal>
  /** Denies a device login. */
  deny(
    current: Authenticated,
    userCode: string,
    options?: CallOptions,
  ): Promise<{ ok: true } | Refusal>
}

export function createDevicesGroup(context: AuthorityContext): DevicesGroup {
  return {
    start: (request = {}, options = {}) => startDevice(context, request, options),
    poll: (deviceCode, request = {}, options = {}) =>
      pollDevice(context, deviceCode, request, options),
    find: (current, userCode, options = {}) => findDevice(context, current, userCode, options),
    approve: (current, userCode, options = {}) =>
      approveDevice(context, current, userCode, options),
    deny: (current, userCode, options = {}) => denyDevice(context, current, userCode, options),
  }
}
