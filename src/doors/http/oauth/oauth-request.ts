import type { Pipeline } from '../../../commands/index.ts'
import type { Authority, CallOptions } from '../../../core/index.ts'

/** The parameters of a request, each given once. */
export type Form = Readonly<Record<string, string>>

/** A request of an OAuth endpoint, with what the endpoint needs to answer it. */
export interface OAuthRequest {
  readonly authority: Authority
  readonly pipeline: Pipeline
  readonly headers: Headers
  readonly form: Form
  readonly caller: CallOptions
  /** Where users approve a device. */
  readonly verificationUri: string
}
