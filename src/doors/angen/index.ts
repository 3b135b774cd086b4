export { type AngenDoor, createAngenDoor } from './door.ts'
export type { AngenDoorOptions } from './door-options.ts'
export { ANGEN_FORMAT, angenCodec } from './token-codec.ts'
export type { Accept, Receiver, Wire } from './wire.ts'
