export {
  isForm,
  MAX_BODY_BYTES,
  MAX_BODY_DEPTH,
  parseJsonObject,
  readBody,
  readForm,
} from './body.ts'
export { type ClientAddress, createClientAddress } from './client-address.ts'
export { type Cookie, type CookieOptions, createCookie, type SameSite } from './cookie.ts'
export { type HeaderReader, NodeHeaders } from './header-reader.ts'
export { isAllowedHost, isSameOrigin } from './origin.ts'
export { type ProblemDetails, problem, problemDetails } from './problem.ts'
export { HttpRequestSource } from './request-source.ts'
export { createTrustedPeers } from './trusted-peers.ts'
