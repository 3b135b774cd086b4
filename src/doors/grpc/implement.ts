import type { DescMethod, DescService, MessageInitShape, MessageShape } from '@bufbuild/protobuf'
import type {
  Server,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
  UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { refusalOf } from '../../core/errors.ts'
import { LatchkeyError } from '../../core/index.ts'
import { serviceDefinition } from '../../protocol/grpc/index.ts'
import { type InterceptedCall, interceptedCall } from './interceptor.ts'
import { NamedError, statusOf } from './status.ts'

type Awaitable<T> = T | Promise<T>

/** Answers a call with a message, or the bytes of one, or throws. */
type UnaryHandler<M extends DescMethod> = (
  request: MessageShape<M['input']>,
  call: InterceptedCall,
) => Awaitable<MessageInitShape<M['output']> | Buffer>

/** Serves a call whose answer is a stream. Throws before the first message, or ends the stream itself. */
type StreamHandler<M extends DescMethod> = (
  request: MessageShape<M['input']>,
  call: InterceptedCall,
  stream: ServerWritableStream<unknown, MessageInitShape<M['output']>>,
) => void

/** The methods of a service, by their local names. */
export type Handlers<S extends DescService> = {
  readonly [Name in keyof S['method']]: S['method'][Name]['methodKind'] extends 'unary'
    ? UnaryHandler<S['method'][Name]>
    : StreamHandler<S['method'][Name]>
}

/** Stands for a message whose bytes are none. */
const UNREADABLE = Object.freeze({})

/**
 * Adds a service to a server that has a session interceptor. What a handler throws reaches the client: a `LatchkeyError` with its code,
 * anything else as `internal`, and then `onError` is told. A message that cannot be read is refused as `invalid_request`.
 */
export function addService<S extends DescService>(
  server: Server,
  service: S,
  handlers: Handlers<S>,
  onError: (error: unknown, what: string) => void,
): void {
  const definition = Object.entries(serviceDefinition(service)).map(([name, method]) => [
    name,
    {
      ...method,
      requestDeserialize: readerOf(method.requestDeserialize),
      responseSerialize: (value: unknown) =>
        Buffer.isBuffer(value) ? value : method.responseSerialize(value),
    },
  ])
  const refusalStatus = (
    error: unknown,
    call: ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown>,
  ) => {
    const refusal = refusalOf(error)
    if (refusal.code === 'internal' && !call.cancelled) onError(error, call.getPath())
    return statusOf(refusal, error instanceof NamedError ? error.name : undefined)
  }
  const implementation: UntypedServiceImplementation = {}
  for (const { localName, methodKind } of service.methods) {
    // The types hold handlers to their methods, which the walk over all of them cannot say.
    const handler = handlers[localName] as (...given: readonly unknown[]) => unknown
    const begin = (
      call: ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown>,
    ) => {
      if (call.request === UNREADABLE) {
        throw new LatchkeyError('invalid_request', 'The message cannot be read.')
      }
      return handler(call.request, interceptedCall(call), call)
    }
    implementation[localName] =
      methodKind === 'unary'
        ? (call: ServerUnaryCall<unknown, unknown>, answer: sendUnaryData<unknown>) => {
            const refuse = (error: unknown) => answer(refusalStatus(error, call))
            try {
              const value = begin(call)
              if (value instanceof Promise) value.then((later) => answer(null, later), refuse)
              else answer(null, value)
            } catch (error) {
              refuse(error)
            }
          }
        : (call: ServerWritableStream<unknown, unknown>) => {
            try {
              begin(call)
            } catch (error) {
              call.emit('error', refusalStatus(error, call))
            }
          }
  }
  server.addService(Object.fromEntries(definition), implementation)
}

function readerOf(deserialize: (bytes: Buffer) => unknown) {
  return (bytes: Buffer) => {
    try {
      return deserialize(bytes)
    } catch {
      return UNREADABLE
    }
  }
}
