export type {
  DoorAbility,
  DoorAnswer,
  DoorCase,
  DoorIdentity,
  DoorLogin,
  DoorSubject,
} from './door-case.ts'
export { doorCases } from './door-cases.ts'
export { type FakeClock, fakeClock } from './fake-clock.ts'
export { actorRecord, auditEntry, conditions, identity, START, sessionRecord } from './records.ts'
export type { StoreCase, StoreSubject } from './store-case.ts'
export { storeCases } from './store-cases.ts'
