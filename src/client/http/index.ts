export {
  createHttpClient,
  createHttpClientFrom,
  type DeviceCodes,
  type DevicePollAnswer,
  type HttpClient,
  type LoggedInAnswer,
  type PendingDevice,
  type SendRequest,
  type SessionPage,
  type WhoAmIAnswer,
} from './http-client.ts'
export type { HttpCall, HttpClientOptions } from './send.ts'
