import type { Metadata, ServerInterceptingCallInterface } from '@grpc/grpc-js'
import { type CallOptions, LatchkeyError } from '../../core/index.ts'

/** The source of a call. A class, because most calls never read the signal, and creating one costs as much as a check. */
export class Caller implements CallOptions {
  readonly door = 'grpc'
  readonly address: string | null
  readonly userAgent: string | null
  #gone = false
  #controller: AbortController | null = null

  constructor(call: ServerInterceptingCallInterface, metadata: Metadata) {
    this.address = call.getConnectionInfo().remoteAddress ?? null
    const agent = metadata.get('user-agent')[0]
    this.userAgent = typeof agent === 'string' ? agent : null
  }

  /** Whether the call has ended: it was answered, cancelled, or its deadline has passed. */
  get gone(): boolean {
    return this.#gone
  }

  /** Fires when the call has ended. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController()
      if (this.#gone) this.leave()
    }
    return this.#controller.signal
  }

  leave(): void {
    this.#gone = true
    this.#controller?.abort(new LatchkeyError('timeout', 'The caller went away.'))
  }
}
