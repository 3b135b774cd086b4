import { isIP } from 'node:net'
import { checkServerIdentity, type PeerCertificate } from 'node:tls'
import type {
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf'
import type { CallOptions, ServiceError } from '@grpc/grpc-js'
import { LatchkeyError } from '../../core/errors.ts'
import type { Agent, Sessions } from '../../protocol/grpc/index.ts'
import { ErrorClientInsecureChannel } from '../errors.ts'
import type { Session } from '../session/session.ts'
import { loadGrpc } from './load-grpc.ts'
import { isLocal, withSession } from './with-session.ts'

/** Options of `openAgent`. */
export interface OpenAgentOptions {
  /** The address of the gRPC door: `HOST:PORT`. */
  readonly address: string
  /** TLS, verified against these certificates (PEM) or those of the system; `false` for plain text, only within this machine. True by default. */
  readonly tls?: boolean | { readonly ca: string | Buffer }
  /** Provides the token of the calls, and receives the refreshed one; null for calls without a token. */
  readonly session: Session | null
  /** How long an answer may take: 60,000 ms by default. */
  readonly timeoutMs?: number
}

/**
 * The unary methods of a service as functions. They take the options of a call, such as those of `session.createCallCredentials`, and
 * reject with a `LatchkeyError` of the class that the server named.
 */
export type Calls<S extends DescService> = {
  readonly [Name in keyof S['method'] as S['method'][Name] extends DescMethodUnary
    ? Name
    : never]: (
    request: MessageInitShape<S['method'][Name]['input']>,
    options?: CallOptions,
  ) => Promise<MessageShape<S['method'][Name]['output']>>
}

/** A server, over gRPC. */
export interface RemoteAgent {
  /** The methods of the service `Agent`. */
  readonly agent: Calls<typeof Agent>
  /** The methods of the service `Sessions`. */
  readonly sessions: Calls<typeof Sessions>
  /** Closes the channel. Calls in progress fail. */
  close(): void
}

/**
 * Makes the client of a server’s gRPC door; it connects at the first call. Needs `@grpc/grpc-js` and `@bufbuild/protobuf`. Throws
 * `ErrorClientInsecureChannel` for plain text to another machine, because passwords would be sent in clear.
 */
export async function openAgent({
  address,
  tls = true,
  session,
  timeoutMs = 60_000,
}: OpenAgentOptions): Promise<RemoteAgent> {
  if (tls === false && !isLocal(address)) throw new ErrorClientInsecureChannel()
  const grpc = loadGrpc()
  const { Agent, Sessions, serviceDefinition } = await import('../../protocol/grpc/index.ts')
  const ca = typeof tls === 'object' ? Buffer.from(tls.ca) : null
  const host = address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
  // Node accepts no address as a TLS server name, and grpc-js passes one: another name is passed, and the address is verified.
  const byAddress = tls !== false && isIP(host) !== 0
  const verify = {
    checkServerIdentity: (_name: string, cert: PeerCertificate) => checkServerIdentity(host, cert),
  }
  const credentials =
    tls === false
      ? grpc.credentials.createInsecure()
      : grpc.credentials.createSsl(ca, null, null, byAddress ? verify : {})
  const client = new grpc.Client(address, credentials, {
    interceptors: [withSession(session, { credentials })],
    'grpc.enable_http_proxy': 0,
    ...(byAddress ? { 'grpc.ssl_target_name_override': 'localhost' } : {}),
  })
  const callsOf = <S extends DescService>(service: S) => {
    const calls = Object.entries(serviceDefinition(service)).map(([name, method]) => [
      name,
      (request: never, given: CallOptions = {}) =>
        new Promise((resolve, reject) => {
          const { path, requestSerialize, responseDeserialize } = method
          const options = { deadline: Date.now() + timeoutMs, ...given }
          const done = (error: ServiceError | null, answer?: unknown) =>
            error === null ? resolve(answer) : reject(errorOf(error, address))
          const args = [path, requestSerialize, responseDeserialize, request] as const
          client.makeUnaryRequest(...args, new grpc.Metadata(), options, done)
        }),
    ])
    return Object.fromEntries(calls) as Calls<S>
  }
  return { agent: callsOf(Agent), sessions: callsOf(Sessions), close: () => client.close() }
}

function errorOf(error: ServiceError, address: string): unknown {
  const { cause } = error
  if (!(cause instanceof LatchkeyError)) return error
  if (cause.code !== 'unavailable' || error.metadata.get('latchkey-code').length > 0) return cause
  const message = /certificate|cert's/.test(cause.message)
    ? `The certificate of the server at ${address} is not trusted: name its authority with --ca.`
    : `No server answers at ${address}: start one with “latchkey agent start”, or name another with --server.`
  return new LatchkeyError('unavailable', message, { cause })
}
