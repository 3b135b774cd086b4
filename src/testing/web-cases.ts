import type { WebCase } from './web-case.ts'
import { webImpersonationCases } from './web-impersonation-cases.ts'
import { webFailureCases, webLoginCases } from './web-login-cases.ts'
import { webRememberCases } from './web-remember-cases.ts'
import { webSessionCases } from './web-session-cases.ts'

/**
 * The cases that an adapter of a web framework must pass, over the application that `WebSubject` describes. Run each with a function
 * that opens the application.
 */
export const webCases: readonly WebCase[] = [
  ...webSessionCases,
  ...webLoginCases,
  ...webFailureCases,
  ...webImpersonationCases,
  ...webRememberCases,
]
