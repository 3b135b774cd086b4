import type { CallOptions } from '../../../core/index.ts'
import { resolveSession, type UnsetReason } from '../application/resolve-session.ts'
import type { Services } from '../application/services.ts'
import type { SessionStream } from './session-stream.ts'
import type { StreamTable } from './stream-table.ts'

type FoundStream =
  | { readonly ok: true; readonly stream: SessionStream }
  | { readonly ok: false; readonly reason: UnsetReason }

export type FindStream = (sessionKey: string, caller: CallOptions) => Promise<FoundStream>

/** Returns a function that finds the stream of a session key, which counts as a use of the session. It throws a `LatchkeyError` if the check fails. */
export function findStream(services: Services, streams: StreamTable): FindStream {
  return async (sessionKey, caller) => {
    const resolved = await resolveSession(services, sessionKey, caller)
    if (!resolved.ok) return resolved
    const { current } = resolved.session
    if (current === null) return { ok: false, reason: 'noSession' }
    return { ok: true, stream: streams.open(current) }
  }
}
