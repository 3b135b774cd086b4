import { deliveryCases } from './delivery-cases.ts'
import type { LeaseBusCase } from './lease-bus-case.ts'
import { leaseCases } from './lease-cases.ts'
import { publishCases } from './publish-cases.ts'

/** Every case of the lease bus over a channel. Run each on an engine without nodes. */
export const leaseBusCases: readonly LeaseBusCase[] = [
  ...leaseCases,
  ...publishCases,
  ...deliveryCases,
]
