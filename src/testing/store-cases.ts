import { actorCases } from './actor-cases.ts'
import { anonymousCases } from './anonymous-cases.ts'
import { auditCases } from './audit-cases.ts'
import { busCases } from './bus-cases.ts'
import { counterCases } from './counter-cases.ts'
import { creationCases } from './creation-cases.ts'
import { dataCases } from './data-cases.ts'
import { documentCases } from './document-cases.ts'
import { epochCases } from './epoch-cases.ts'
import { erasureCases } from './erasure-cases.ts'
import { holdCases } from './hold-cases.ts'
import { mailboxCases } from './mailbox-cases.ts'
import { reopenCases } from './reopen-cases.ts'
import { sessionCases } from './session-cases.ts'
import { sessionEndCases } from './session-end-cases.ts'
import type { StoreCase } from './store-case.ts'

/** Every case that a store must pass. Run each with a fresh subject, in any test runner. */
export const storeCases: readonly StoreCase[] = [
  ...creationCases,
  ...anonymousCases,
  ...sessionCases,
  ...sessionEndCases,
  ...epochCases,
  ...erasureCases,
  ...dataCases,
  ...mailboxCases,
  ...actorCases,
  ...holdCases,
  ...counterCases,
  ...documentCases,
  ...auditCases,
  ...busCases,
  ...reopenCases,
]
