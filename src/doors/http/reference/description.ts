/** A JSON object, such as a JSON Schema. */
export type Json = Record<string, unknown>

/** An OpenAPI 3.1 description. */
export interface ApiDescription extends Json {
  /** The URL of the server, absolute where it has a public one. */
  readonly servers: readonly { readonly url: string }[]
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  /** Operations by path and method. */
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: {
    readonly schemas: Json
    readonly responses: Json
    readonly securitySchemes: Json
  }
}

/** A body in one media type. */
export interface MediaType {
  readonly schema: Json
  readonly example?: unknown
}

/** A parameter in the path or the query. */
export interface Parameter {
  readonly name: string
  readonly in: string
  readonly schema: Json
  readonly required: boolean
  readonly description?: string
}

/** An answer, or a reference to one. */
export interface ApiResponse {
  readonly description?: string
  readonly content?: Readonly<Record<string, MediaType>>
  readonly $ref?: string
}

/** An operation of the description. */
export interface Operation {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly description: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: {
    readonly required: boolean
    readonly content: Readonly<Record<string, MediaType>>
  }
  readonly responses: Readonly<Record<string, ApiResponse>>
  readonly security: readonly Json[]
}

/** The refusals that every operation may answer with. */
export const REFUSALS: Readonly<Record<string, ApiResponse>> = {
  '4XX': { $ref: '#/components/responses/Refused' },
  '5XX': { $ref: '#/components/responses/Failed' },
}

/** Returns the name of a component that a schema refers to, or null. */
export function componentOf(schema: Json): string | null {
  const reference = schema['$ref']
  if (typeof reference !== 'string') return null
  return reference.split('/').at(-1) ?? null
}
