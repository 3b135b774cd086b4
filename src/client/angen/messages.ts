/** A person or service, as others see it. */
export interface AngenUser {
  readonly id: string
  readonly name: string
}

/** A pair of codes: one logs in, the other gets the next pair. */
export interface AngenToken {
  readonly user_id: string
  readonly identifier_code: string
  readonly renewal_code: string
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
  readonly expires_at: string
}

/** What the clients of a user say of themselves; `update_id` counts the changes. */
export interface AngenClientState {
  readonly id: string
  readonly 'afk?': boolean
  readonly 'bot?': boolean
  readonly 'connected?': boolean
  readonly 'in_game?': boolean
  readonly 'lobby_host?': boolean
  readonly 'player?': boolean
  readonly 'ready?': boolean
  readonly last_disconnected: string | null
  readonly lobby_id: string | null
  readonly party_id: string | null
  readonly player_colour: string | null
  readonly player_number: number | null
  readonly sync: Readonly<Record<string, unknown>> | null
  readonly team_number: number | null
  readonly update_id: number
}

/** A session in a list. */
export interface AngenSession {
  readonly id: string
  readonly profile: string
  readonly door: string
  readonly address: string | null
  readonly user_agent: string | null
  readonly label: string | null
  readonly created_at: string
  readonly last_used_at: string
  readonly expires_at: string
  readonly current: boolean
}

interface Success {
  readonly command: string
}
type Empty = Readonly<Record<never, never>>

interface Exchange<Command extends object, Message extends object> {
  readonly command: Command
  readonly message: Message
}

/**
 * What a server is asked, and what it answers, by the name of the command. Commands of an application are added by declaration
 * merging.
 */
export interface AngenCommands {
  'auth/get_token': Exchange<
    { name?: string; email?: string; id?: string; password: string; user_agent: string },
    { readonly token: AngenToken }
  >
  'auth/login': Exchange<
    { token: string; user_agent: string; 'bot?'?: boolean },
    { readonly user: AngenUser }
  >
  'auth/renew': Exchange<
    { identifier_code: string; renewal_code: string },
    { readonly token: AngenToken }
  >
  'account/register': Exchange<
    { name: string; email: string; password: string },
    { readonly user: AngenUser }
  >
  'account/change_password': Exchange<{ current_password: string; new_password: string }, Success>
  'account/revoke_tokens': Exchange<Empty, Success>
  'account/update': Exchange<{ password: string; name?: string; email?: string }, Success>
  'account/user_query': Exchange<
    { filters: { id?: readonly string[]; name?: string }; limit?: number },
    { readonly users: readonly AngenUser[] }
  >
  'connections/whoami': Exchange<
    Empty,
    { readonly user: AngenUser; readonly client?: Partial<AngenClientState> }
  >
  'connections/update_client': Exchange<
    { 'afk?'?: boolean; 'in_game?'?: boolean; 'ready?'?: boolean; sync?: object },
    Success
  >
  'connections/disconnect': Exchange<Empty, Success>
  'communication/send_direct_message': Exchange<{ to_id: string; content: string }, Success>
  'sessions/current': Exchange<
    Empty,
    {
      readonly session: Pick<AngenSession, 'id' | 'profile' | 'door' | 'expires_at'>
      readonly user: AngenUser
      readonly impersonator?: AngenUser
    }
  >
  'sessions/list': Exchange<
    { limit?: number; after?: string },
    { readonly sessions: readonly AngenSession[]; readonly next?: string }
  >
  'sessions/revoke': Exchange<{ id: string }, Success>
  'sessions/revoke_others': Exchange<Empty, Success>
  'sessions/connections': Exchange<
    Empty,
    {
      readonly connections: readonly {
        readonly id: number
        readonly door: string
        readonly session_id: string
        readonly opened_at: string
        readonly current: boolean
      }[]
    }
  >
  'system/ping': Exchange<Empty, Empty>
  'system/nodes': Exchange<Empty, { readonly nodes: readonly string[] }>
}

/** What a server says unasked. Events of an application are added by declaration merging. */
export interface AngenPushes {
  'connections/client_updated': {
    readonly user_id: string
    readonly changes: Partial<AngenClientState>
    readonly reason: string
  }
  'communication/received_direct_message': {
    readonly message: {
      readonly content: string
      readonly sender_id: string
      readonly to_id: string
      readonly inserted_at: string
      readonly 'delivered?': boolean
      readonly 'read?': boolean
    }
  }
  /** The session is over: why, and which. */
  'sessions/ended': { readonly reason: string; readonly session_id?: string }
}

type Unknown = Readonly<Record<string, unknown>>

/** What a command takes: anything, for one that is not known. */
export type CommandOf<Name extends string> = Name extends keyof AngenCommands
  ? AngenCommands[Name]['command']
  : object

/** What a command answers. */
export type AnswerOf<Name extends string> = Name extends keyof AngenCommands
  ? AngenCommands[Name]['message']
  : Unknown

/** What a push says. */
export type PushOf<Name extends string> = Name extends keyof AngenPushes
  ? AngenPushes[Name]
  : Unknown
