import type { Context, Hono } from 'hono'
import type { Pipeline } from '../../../commands/index.ts'
import { refusalOf } from '../../../core/errors.ts'
import type { Authority, CallOptions } from '../../../core/index.ts'
import { readForm } from '../../../http/index.ts'
import type { HttpRequest, RouteBindings } from '../request.ts'
import { isBasic } from './client-authentication.ts'
import { authorizeDevice } from './device-authorization.ts'
import { devicePage } from './device-page.ts'
import { introspectForm } from './introspect.ts'
import { resourceMetadata, serverMetadata } from './metadata.ts'
import { errorOfRefusal, type OAuthError, oauthAnswer, oauthProblem } from './oauth-error.ts'
import type { OAuthRequest } from './oauth-request.ts'
import { revokeToken } from './revoke.ts'
import { issueToken } from './token.ts'

/** What the endpoints need of the door. */
export interface OAuthEndpoints {
  readonly authority: Authority
  readonly pipeline: Pipeline
  /** Where users approve a device: `/oauth/device` by default. */
  readonly verificationUri: string | null
  issuerOf(request: Request): string
  callerOf(request: Request, record: HttpRequest): CallOptions
  onError(error: unknown, request: Request): void
}

type App = Hono<{ Bindings: RouteBindings }>
type AppContext = Context<{ Bindings: RouteBindings }>
type Endpoint = (request: OAuthRequest) => Promise<OAuthError | object>

const FORMS: Readonly<Record<string, Endpoint>> = {
  '/oauth/device_authorization': authorizeDevice,
  '/oauth/token': issueToken,
  '/oauth/revoke': revokeToken,
  '/oauth/introspect': introspectForm,
}

/** Mounts the OAuth endpoints: forms in, JSON out (RFC 6749, 7009, 7662, 8414, 8628, 9728). */
export function mountOAuth(app: App, door: OAuthEndpoints): void {
  const verificationUriOf = (request: Request) =>
    door.verificationUri ?? `${door.issuerOf(request)}/oauth/device`
  const read = async (c: AppContext): Promise<OAuthRequest> => {
    const { raw } = c.req
    return {
      authority: door.authority,
      pipeline: door.pipeline,
      headers: raw.headers,
      form: await readForm(raw),
      caller: door.callerOf(raw, c.env.request),
      verificationUri: verificationUriOf(raw),
    }
  }
  const answerForm = async (c: AppContext, path: string, endpoint: Endpoint) => {
    const record = c.env.request
    record.route = path
    return read(c)
      .then(endpoint)
      .then((answer) => ('error' in answer ? oauthProblem(answer) : oauthAnswer(answer)))
      .catch((error: unknown) => {
        door.onError(error, c.req.raw)
        record.refusal = refusalOf(error)
        return oauthProblem(errorOfRefusal(record.refusal))
      })
  }
  for (const [path, endpoint] of Object.entries(FORMS)) {
    app.post(path, (c) => answerForm(c, path, endpoint))
  }
  // A client that authenticates by HTTP Basic is no caller of the command behind this route.
  app.post('/v1/introspect', (c, next) =>
    isBasic(c.req.raw.headers) ? answerForm(c, '/v1/introspect', introspectForm) : next(),
  )
  const { authority } = door
  app.get('/.well-known/oauth-authorization-server', (c) =>
    oauthAnswer(serverMetadata(authority, door.issuerOf(c.req.raw))),
  )
  app.get('/.well-known/oauth-protected-resource', (c) =>
    oauthAnswer(resourceMetadata(authority, door.issuerOf(c.req.raw))),
  )
  app.get('/oauth/device', (c) => devicePage(c.req.query('user_code') ?? null))
}
