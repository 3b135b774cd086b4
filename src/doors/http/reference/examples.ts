import { componentOf, type Json } from './description.ts'

const ID = '0195e8a2-6c1d-7b42-9a35-0f6d2c1b7e48'
const SESSION = '0Tz0nNSzOZGk74N2jm920xJ9o'
const TIME = 1_767_225_600_000
const TOKEN = `lks_${SESSION}raUg1QOtrHZXoyqpUvSdXXiulL27LC6JdAfayQnjTLS1ivh9v1`

/** Values of fields, by name, where the type alone does not tell. */
const VALUES: Readonly<Record<string, unknown>> = {
  access_token: TOKEN,
  act: 'login',
  actor: ID,
  address: '192.0.2.7',
  anonymous: false,
  changed: false,
  client: 'Living room TV',
  client_id: 'tv',
  code: 'K7QX-W3MR',
  current: 'six wet otters under a bridge',
  default: 8,
  detail: 'Log in first.',
  deviceCode: 'lkd_8fK2wQ0ZrT5vB1nY7cX3mL9pS6dH4gJ0aE2uR8iO5tW',
  device_code: 'lkd_8fK2wQ0ZrT5vB1nY7cX3mL9pS6dH4gJ0aE2uR8iO5tW',
  door: 'http',
  email: 'ada@example.com',
  expires_in: 600,
  format: 'native',
  grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
  id: ID,
  identity: 'ada',
  identityHash: 'a3Vq0ZrT5vB1nY7cX3mL9p',
  interval: 5,
  intervalMs: 5000,
  keys: [{ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }],
  kid: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
  label: 'work laptop',
  message: 'must have 8 to 1,024 characters',
  name: 'ada',
  next: 'seven dry herons on a pier',
  outcome: 'ok',
  owner: ID,
  password: 'six wet otters under a bridge',
  passwordHash: '$2b$12$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdi7lC3nS',
  path: 'password',
  profile: 'web',
  reason: 'logged_out',
  refresh_token: `lkr_${SESSION}8fK2wQ0ZrT5vB1nY7cX3mL9pS6dH4gJ0aE2uR8iO5tWq1w2e3`,
  renewal: `lkr_${SESSION}8fK2wQ0ZrT5vB1nY7cX3mL9pS6dH4gJ0aE2uR8iO5tWq1w2e3`,
  role: 'user',
  scope: 'user',
  secret: null,
  sid: SESSION,
  status: 'active',
  sub: ID,
  text: 'ada',
  title: 'Token missing',
  token: TOKEN,
  token_type: 'Bearer',
  token_type_hint: 'access_token',
  type: 'urn:latchkey:error:token_missing',
  userAgent: 'Mozilla/5.0',
  userCode: 'BCDF-GHJK',
  user_code: 'BCDF-GHJK',
  username: 'ada',
  value: 'ada',
  verification_uri: 'https://login.example/oauth/device',
  verification_uri_complete: 'https://login.example/oauth/device?user_code=BCDF-GHJK',
}

/** How an example is made. */
export interface ExampleOptions {
  readonly schemas: Json
  /** Whether optional fields are left out, as in the shortest request. */
  readonly required: boolean
}

/** Returns an example of a schema. Fields get the values of their names where those have the right type. */
export function exampleOf(schema: Json, options: ExampleOptions, name = '', depth = 0): unknown {
  const component = componentOf(schema)
  if (component !== null) {
    const target = options.schemas[component]
    return depth > 8 ? null : exampleOf((target ?? {}) as Json, options, name, depth + 1)
  }
  if ('const' in schema) return schema['const']
  const fitting = valueFor(schema, name)
  if (fitting !== undefined) return fitting
  const choices = (schema['anyOf'] ?? schema['oneOf']) as readonly Json[] | undefined
  if (choices !== undefined) return exampleOf(choices.at(-1) ?? {}, options, name, depth + 1)
  switch (schema['type']) {
    case 'object':
      return objectOf(schema, options, depth)
    case 'array':
      return [exampleOf((schema['items'] ?? {}) as Json, options, singular(name), depth + 1)]
    case 'integer':
    case 'number':
      return /At$|From$/.test(name) || name === 'at' || name === 'since' ? TIME : 1
    case 'boolean':
      return true
    case 'string':
      return 'text'
    default:
      return null
  }
}

function objectOf(schema: Json, options: ExampleOptions, depth: number): Json {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Json>)
  const required = new Set((schema['required'] ?? []) as readonly string[])
  const shown = properties.filter(([key]) => !options.required || required.has(key))
  // The id of a session has a form of its own.
  const nameOf = (key: string) => (key === 'id' && required.has('authenticatedAt') ? 'sid' : key)
  return Object.fromEntries(
    shown.map(([key, inner]) => [key, exampleOf(inner, options, nameOf(key), depth + 1)]),
  )
}

/** Returns the value of a name, if it fits the schema. */
function valueFor(schema: Json, name: string): unknown {
  const listed = schema['enum'] as readonly unknown[] | undefined
  if (listed !== undefined) return listed.includes(VALUES[name]) ? VALUES[name] : listed[0]
  if ('default' in schema) return schema['default']
  if (/^(exp|iat|auth_time)$/.test(name)) return TIME / 1000
  const value = VALUES[name]
  if (value === undefined) return undefined
  const kinds = typesOf(schema)
  return kinds.length === 0 || kinds.includes(kindOf(value)) ? value : undefined
}

function typesOf(schema: Json): readonly string[] {
  const choices = (schema['anyOf'] ?? schema['oneOf'] ?? [schema]) as readonly Json[]
  return choices.flatMap(({ type }) => {
    if (typeof type !== 'string') return []
    return type === 'integer' ? ['number'] : [type]
  })
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

function singular(name: string): string {
  return name === 'roles' ? 'role' : name.replace(/s$/, '')
}
