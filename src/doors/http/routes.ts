import { KEYS_MAX_AGE_MS } from '../../core/authority/signing-keys.ts'
import type { CodePage } from './code-pages.ts'

/** How a request becomes a call of a command, and the command's value an answer. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** The path below the prefix. `:name` matches one segment, which becomes a parameter. */
  readonly path: string
  readonly command: string
  readonly status: 200 | 201 | 204
  /**
   * What the route does with cookies:
   * - `offer`: sets the session's cookie where the body says `"cookie": true`
   * - `rotate`: sets the cookie again where the request had one
   * - `act`: sets the impersonation's cookie where the request had a cookie
   * - `clear`, `clear-act`: removes the cookies, or only the impersonation's
   */
  readonly cookie?: 'offer' | 'rotate' | 'act' | 'clear' | 'clear-act'
  /** Also takes a form, of which it reads these parameters and ignores others (RFC 7662). */
  readonly form?: readonly string[]
  /** The page that takes the one-time code of the value; its link is added to the value. */
  readonly codePage?: CodePage['path']
  /** Ignores the token, because another secret is in the body. */
  readonly ignoresToken?: boolean
  /** For how long caches may keep the answer. Without it the answer is `no-store`. */
  readonly cacheSeconds?: number
  /** A query that the request must have, and that is not a parameter. */
  readonly query?: { readonly name: string; readonly value: string }
  /** `with-events` wraps the value as `{ result, events }`, with the events for the caller. */
  readonly result?: 'with-events'
}

const admin = '/v1/admin'

/** The routes of the built-in commands. Health, metrics and the reference are in `door.ts`. */
export const ROUTES: readonly Route[] = [
  { method: 'POST', path: '/v1/actors', command: 'actors.create', status: 201 },
  { method: 'POST', path: '/v1/sessions', command: 'session.login', status: 201, cookie: 'offer' },
  {
    method: 'POST',
    path: '/v1/sessions/anonymous',
    command: 'session.loginAnonymous',
    status: 201,
    cookie: 'offer',
    ignoresToken: true,
  },
  { method: 'GET', path: '/v1/session', command: 'session.get', status: 200 },
  {
    method: 'POST',
    path: '/v1/session/renew',
    command: 'session.renew',
    status: 200,
    ignoresToken: true,
  },
  {
    method: 'POST',
    path: '/v1/session/step-up',
    command: 'session.stepUp',
    status: 200,
    cookie: 'rotate',
  },
  {
    method: 'DELETE',
    path: '/v1/session',
    command: 'session.logout',
    status: 204,
    cookie: 'clear',
  },
  { method: 'GET', path: '/v1/sessions', command: 'sessions.list', status: 200 },
  { method: 'DELETE', path: '/v1/sessions/:id', command: 'sessions.end', status: 204 },
  {
    method: 'DELETE',
    path: '/v1/sessions',
    command: 'sessions.endOthers',
    status: 200,
    query: { name: 'except', value: 'current' },
  },
  { method: 'POST', path: '/v1/password', command: 'password.change', status: 204 },
  {
    method: 'POST',
    path: '/v1/password-reset',
    command: 'password.reset',
    status: 204,
    ignoresToken: true,
  },
  {
    method: 'POST',
    path: '/v1/codes/check',
    command: 'codes.check',
    status: 200,
    ignoresToken: true,
  },
  { method: 'GET', path: '/v1/actor/export', command: 'actor.export', status: 200 },
  { method: 'DELETE', path: '/v1/actor', command: 'actor.delete', status: 204, cookie: 'clear' },
  {
    method: 'POST',
    path: '/v1/introspect',
    command: 'session.introspect',
    status: 200,
    form: ['token', 'token_type_hint', 'address'],
  },
  {
    method: 'POST',
    path: '/v1/impersonations',
    command: 'impersonation.start',
    status: 201,
    cookie: 'act',
  },
  {
    method: 'DELETE',
    path: '/v1/impersonations/current',
    command: 'impersonation.stop',
    status: 204,
    cookie: 'clear-act',
  },
  {
    method: 'POST',
    path: '/v1/device',
    command: 'device.start',
    status: 201,
    ignoresToken: true,
  },
  {
    method: 'POST',
    path: '/v1/device/token',
    command: 'device.poll',
    status: 200,
    ignoresToken: true,
  },
  { method: 'POST', path: '/v1/device/lookup', command: 'device.find', status: 200 },
  { method: 'POST', path: '/v1/device/approve', command: 'device.approve', status: 204 },
  { method: 'POST', path: '/v1/device/deny', command: 'device.deny', status: 204 },
  {
    method: 'GET',
    path: '/.well-known/jwks.json',
    command: 'keys.list',
    status: 200,
    ignoresToken: true,
    cacheSeconds: KEYS_MAX_AGE_MS / 1000,
  },
  {
    method: 'POST',
    path: '/v1/bootstrap',
    command: 'admin.claim',
    status: 201,
    ignoresToken: true,
  },
  { method: 'GET', path: `${admin}/actors`, command: 'admin.actors.search', status: 200 },
  { method: 'POST', path: `${admin}/actors/import`, command: 'admin.actors.import', status: 200 },
  {
    method: 'POST',
    path: `${admin}/invitations`,
    command: 'admin.invitations.create',
    status: 201,
    codePage: '/account/register',
  },
  {
    method: 'POST',
    path: `${admin}/actors/:id/password-reset`,
    command: 'admin.actors.resetPassword',
    status: 201,
    codePage: '/account/reset-password',
  },
  {
    method: 'DELETE',
    path: `${admin}/actors/:id`,
    command: 'admin.actors.delete',
    status: 204,
  },
  { method: 'GET', path: `${admin}/actors/:id`, command: 'admin.actors.get', status: 200 },
  {
    method: 'POST',
    path: `${admin}/actors/:id/suspend`,
    command: 'admin.actors.suspend',
    status: 200,
  },
  {
    method: 'POST',
    path: `${admin}/actors/:id/restore`,
    command: 'admin.actors.restore',
    status: 200,
  },
  {
    method: 'PUT',
    path: `${admin}/actors/:id/roles`,
    command: 'admin.actors.setRoles',
    status: 200,
  },
  {
    method: 'DELETE',
    path: `${admin}/actors/:owner/sessions`,
    command: 'admin.sessions.endAll',
    status: 200,
  },
  { method: 'GET', path: `${admin}/sessions`, command: 'admin.sessions.search', status: 200 },
  { method: 'DELETE', path: `${admin}/sessions/:id`, command: 'admin.sessions.end', status: 204 },
  { method: 'POST', path: `${admin}/lock-all`, command: 'admin.lockAll', status: 200 },
  { method: 'GET', path: `${admin}/settings`, command: 'admin.settings.list', status: 200 },
  { method: 'PUT', path: `${admin}/settings/:name`, command: 'admin.settings.set', status: 204 },
  {
    method: 'DELETE',
    path: `${admin}/settings/:name`,
    command: 'admin.settings.unset',
    status: 204,
  },
  { method: 'GET', path: `${admin}/audit`, command: 'admin.audit.list', status: 200 },
  {
    method: 'POST',
    path: `${admin}/keys/rotate`,
    command: 'admin.keys.rotate',
    status: 200,
  },
  {
    method: 'POST',
    path: `${admin}/keys/replace`,
    command: 'admin.keys.replace',
    status: 200,
  },
  { method: 'GET', path: `${admin}/clients`, command: 'admin.clients.list', status: 200 },
  { method: 'POST', path: `${admin}/clients`, command: 'admin.clients.register', status: 201 },
  {
    method: 'DELETE',
    path: `${admin}/clients/:id`,
    command: 'admin.clients.remove',
    status: 200,
  },
  { method: 'POST', path: `${admin}/prune`, command: 'admin.prune', status: 200 },
]

/** The path of the application's commands. */
export const COMMANDS_PATH = '/v1/commands'

/** The path of the event stream of a session. */
export const EVENTS_PATH = '/v1/session/events'

/** Returns the route of an application's command: `POST /v1/commands/{name}`. */
export function commandRoute(command: string): Route {
  const path = `${COMMANDS_PATH}/${command}`
  return { method: 'POST', path, command, status: 200, result: 'with-events' }
}
