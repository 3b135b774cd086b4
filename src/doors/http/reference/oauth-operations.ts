import { DEVICE_GRANT } from '../oauth/token.ts'
import type { Json, Operation } from './description.ts'
import { exampleOf } from './examples.ts'

const FORM = 'application/x-www-form-urlencoded'

const text = (description: string): Json => ({ type: 'string', description })
const seconds = (description: string): Json => ({ type: 'integer', description })

function object(properties: Record<string, Json>, required: readonly string[] = []): Json {
  return { type: 'object', required, properties }
}

const CREDENTIALS = {
  client_id: text('The client; absent with HTTP Basic'),
  client_secret: text('The secret of a confidential client; absent with HTTP Basic'),
}

const TOKENS = object(
  {
    access_token: text('The token'),
    token_type: { const: 'Bearer', description: 'How it is sent' },
    expires_in: seconds('Seconds until it expires'),
    refresh_token: text('The renewal code, where the client is registered for it'),
    scope: text('The roles of the session, separated by spaces'),
  },
  ['access_token', 'token_type', 'expires_in', 'scope'],
)

const OAUTH_ERROR = object(
  {
    error: text('The code of the RFC, such as `invalid_grant`'),
    error_description: text('What happened'),
  },
  ['error', 'error_description'],
)

interface Endpoint {
  readonly id: string
  readonly summary: string
  readonly description: string
  readonly form?: Json
  readonly answer: Json
  readonly bearer?: boolean
}

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  'post /oauth/device_authorization': {
    id: 'oauth.deviceAuthorization',
    summary: 'Starts the login of a device (RFC 8628).',
    description: 'For clients with the grant device_code.',
    form: object({ ...CREDENTIALS, scope: text('The roles that the device asks for') }),
    answer: object(
      {
        device_code: text('The secret that the device polls with'),
        user_code: text('The code to show'),
        verification_uri: text('Where the user approves it'),
        verification_uri_complete: text('The same with the code, for a QR code'),
        expires_in: seconds('Seconds until both codes expire'),
        interval: seconds('Seconds between two polls'),
      },
      ['device_code', 'user_code', 'verification_uri', 'expires_in'],
    ),
  },
  'post /oauth/token': {
    id: 'oauth.token',
    summary: 'Exchanges a device code or a refresh token for tokens (RFC 6749, RFC 8628).',
    description:
      'While the device waits the error is authorization_pending or slow_down. A refresh token is rotated; a retry returns the same tokens.',
    form: object(
      {
        grant_type: {
          type: 'string',
          enum: [DEVICE_GRANT, 'refresh_token'],
          description: 'What is exchanged',
        },
        device_code: text('The secret of the device'),
        refresh_token: text('The refresh token'),
        scope: text('Roles within the registration of the client'),
        ...CREDENTIALS,
      },
      ['grant_type'],
    ),
    answer: TOKENS,
  },
  'post /oauth/revoke': {
    id: 'oauth.revoke',
    summary: 'Ends the session of a token (RFC 7009).',
    description: 'For the client that the token was issued to. Succeeds for an invalid token.',
    form: object(
      {
        token: text('An access token or a refresh token'),
        token_type_hint: text('Ignored'),
        ...CREDENTIALS,
      },
      ['token'],
    ),
    answer: object({}),
  },
  'post /oauth/introspect': {
    id: 'oauth.introspect',
    summary: 'Returns whether a token is valid, and its actor (RFC 7662).',
    description: 'For clients with introspection, and for actors with the role introspect.',
    form: object(
      {
        token: text('The token to check'),
        token_type_hint: text('Ignored'),
        address: text('The client’s address, for bound sessions'),
        ...CREDENTIALS,
      },
      ['token'],
    ),
    answer: { $ref: '#/components/schemas/Introspection' },
    bearer: true,
  },
  'get /.well-known/oauth-authorization-server': {
    id: 'oauth.serverMetadata',
    summary: 'Returns the endpoints of the authorization server (RFC 8414).',
    description: 'For anyone; pages of every origin may read it.',
    answer: { type: 'object', description: 'The metadata of RFC 8414 section 2' },
  },
  'get /.well-known/oauth-protected-resource': {
    id: 'oauth.resourceMetadata',
    summary: 'Returns the authorization server of the routes (RFC 9728).',
    description: 'For anyone; pages of every origin may read it.',
    answer: { type: 'object', description: 'The metadata of RFC 9728 section 2' },
  },
}

/** Returns the operations of the OAuth endpoints, by `method path`. */
export function oauthOperations(schemas: Json): Readonly<Record<string, Operation>> {
  schemas['OAuthError'] = OAUTH_ERROR
  return Object.fromEntries(
    Object.entries(ENDPOINTS).map(([what, endpoint]) => [what, operationOf(endpoint, schemas)]),
  )
}

function operationOf(
  { id, summary, description, form, answer, bearer = false }: Endpoint,
  schemas: Json,
): Operation {
  const refused = {
    description: 'Refused (RFC 6749 section 5.2)',
    content: { 'application/json': { schema: { $ref: '#/components/schemas/OAuthError' } } },
  }
  const request = { schemas, required: true }
  return {
    operationId: id,
    tags: ['OAuth'],
    summary,
    description,
    ...(form === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { [FORM]: { schema: form, example: formExample(form, request) } },
          },
        }),
    responses: {
      200: {
        description: 'Done',
        content: {
          'application/json': {
            schema: answer,
            example: exampleOf(answer, { schemas, required: false }),
          },
        },
      },
      '4XX': refused,
      '5XX': refused,
    },
    security: form === undefined ? [] : [{ client: [] }, ...(bearer ? [{ bearer: [] }] : []), {}],
  }
}

// The shortest request of a public client.
function formExample(form: Json, options: Parameters<typeof exampleOf>[1]): Json {
  const example = exampleOf(form, options) as Json
  const fields = (form['properties'] ?? {}) as Json
  const device =
    'grant_type' in fields ? { device_code: exampleOf({}, options, 'device_code') } : {}
  return { client_id: 'tv', ...example, ...device }
}
