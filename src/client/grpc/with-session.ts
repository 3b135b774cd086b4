import type {
  ChannelCredentials,
  Interceptor,
  Listener,
  Metadata,
  StatusObject,
} from '@grpc/grpc-js'
import { isThisMachine } from '../../core/address.ts'
import { ErrorClientInsecureChannel, ErrorSessionNotStarted } from '../errors.ts'
import type { Session } from '../session/session.ts'
import { callErrorOf } from './call-error.ts'
import { loadGrpc } from './load-grpc.ts'

/** Options of `withSession`. */
export interface WithSessionOptions {
  /** The credentials of the client’s channel. Without TLS, or without these, a token is sent only within this machine. */
  readonly credentials?: ChannelCredentials
}

/**
 * Returns a client interceptor for grpc-js. It adds the token of a session (null: none) to every call that has no header or call
 * credentials of its own, and stores the refreshed token of an answer before the answer is delivered; a failed write is logged and
 * does not fail the call. The error of a call gets the result of {@link callErrorOf} as its `cause`. A call that would send a token in
 * clear to another machine fails with `ErrorClientInsecureChannel`.
 */
export function withSession(
  session: Session | null,
  { credentials }: WithSessionOptions = {},
): Interceptor {
  const { credentials: create, InterceptingCall, Metadata, status } = loadGrpc()
  const credentialsOf = ({ sessionMetadataGenerator }: Session) =>
    create.createFromMetadataGenerator(sessionMetadataGenerator)
  const secure = credentials?._isSecure() ?? false
  return (options, nextCall) => {
    const call = nextCall(options)
    const fit = secure || isLocal(call.getPeer())
    let sent: string | undefined
    let started = false
    let cancelled: (() => void) | null = null
    const listener: Listener = {
      onReceiveMetadata(metadata, next) {
        void takeRefreshed(session, metadata, sent).then(() => next(metadata))
      },
      onReceiveStatus(ended, next) {
        next(ended.code === status.OK ? ended : Object.assign({ cause: callErrorOf(ended) }, ended))
      },
    }
    return new InterceptingCall(call, {
      start(metadata, outer, next) {
        const fail = (cause: Error) => {
          outer.onReceiveMetadata(new Metadata())
          outer.onReceiveMessage(null)
          outer.onReceiveStatus(failure(cause, status.FAILED_PRECONDITION, new Metadata()))
        }
        const begin = () => {
          started = true
          next(metadata, listener)
          cancelled?.()
        }
        const given = options.credentials
        const own = session !== null && given?._equals(credentialsOf(session)) === true
        if (metadata.get('authorization').length > 0 || (given !== undefined && !own)) {
          if (fit) begin()
          else fail(new ErrorClientInsecureChannel())
          return
        }
        if (session === null) return begin()
        session.readToken().then((token) => {
          if (token !== undefined && !fit) return fail(new ErrorClientInsecureChannel())
          sent = token
          // The session's call credentials add the same header again, which HTTP/2 refuses.
          if (token !== undefined && !own) {
            metadata.set('authorization', `${session.scheme} ${token}`)
          }
          begin()
        }, fail)
      },
      cancel(next) {
        if (started) next()
        else cancelled = next
      },
    })
  }
}

function failure(cause: Error, code: number, metadata: Metadata): StatusObject {
  return Object.assign({ code, details: cause.message, metadata }, { cause })
}

async function takeRefreshed(
  session: Session | null,
  metadata: Metadata,
  sent: string | undefined,
): Promise<void> {
  const [header] = metadata.get('authorization')
  if (session === null || sent === undefined || typeof header !== 'string') return
  const token = /^Bearer:? +(\S+)$/i.exec(header)?.[1]
  if (token === undefined) return
  try {
    await session.refresh(token, { replaces: sent })
  } catch (error) {
    if (error instanceof ErrorSessionNotStarted) return
    session.logger.warn(`A refreshed token was not kept: ${(error as Error).message}`)
  }
}

/** Returns whether a target of grpc-js, also the peer of a call that has not begun, is this machine. */
export function isLocal(target: string): boolean {
  if (/^unix(-abstract)?:/.test(target)) return true
  const host = /^(?:dns:(?:\/\/[^/]*\/)?|ipv4:|ipv6:)?(.*?)(?::\d+)?$/.exec(target)?.[1] ?? ''
  return isThisMachine(host)
}
