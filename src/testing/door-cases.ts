import type { DoorCase } from './door-case.ts'
import { doorDerivationCases } from './door-derivation-cases.ts'
import { doorEndCases } from './door-end-cases.ts'
import { doorLoginCases } from './door-login-cases.ts'
import { doorRenewalCases } from './door-renewal-cases.ts'

/** Every case that a door must pass. Run each with a fresh subject, in any test runner. */
export const doorCases: readonly DoorCase[] = [
  ...doorLoginCases,
  ...doorEndCases,
  ...doorDerivationCases,
  ...doorRenewalCases,
]
