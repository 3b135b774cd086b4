import { createRequire } from 'node:module'
import { LatchkeyError } from '../../core/errors.ts'

/** Loads the optional peer `@grpc/grpc-js`. Throws `unavailable` if it is not installed. */
export function loadGrpc(): typeof import('@grpc/grpc-js') {
  try {
    return createRequire(import.meta.url)('@grpc/grpc-js')
  } catch (cause) {
    throw new LatchkeyError('unavailable', 'gRPC needs @grpc/grpc-js: install it.', { cause })
  }
}
