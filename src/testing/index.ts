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
export { type FakeTimers, fakeTimers } from './fake-timers.ts'
export type { LeaseBusCase, LeaseBusSubject } from './lease-bus-case.ts'
export { leaseBusCases } from './lease-bus-cases.ts'
export {
  type ChannelCall,
  type Lie,
  type LyingChannel,
  type LyingClock,
  lyingChannel,
  lyingClock,
  partition,
} from './lying-channel.ts'
export { actorRecord, auditEntry, conditions, identity, START, sessionRecord } from './records.ts'
export type { StoreCase, StoreSubject } from './store-case.ts'
export { storeCases } from './store-cases.ts'
export { type Me, type WebBrowser, webBrowser } from './web-browser.ts'
export type { WebAppOptions, WebCase, WebRequestInit, WebSubject } from './web-case.ts'
export { webCases } from './web-cases.ts'
