/** A user, as other users see it. */
export interface AngenUser {
  /** The id of the user. */
  readonly id: string
  /** The display name of the user. */
  readonly name: string
}

/** A pair of codes: one logs in, the other gets the next pair. */
export interface AngenToken {
  /** The id of the user. */
  readonly user_id: string
  /** The code that authenticates a connection. */
  readonly identifier_code: string
  /** The code that, with the other, gets the next pair. */
  readonly renewal_code: string
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
  readonly expires_at: string
}

/** The state that the clients of a user share. */
export interface AngenClientState {
  /** The id of the user. */
  readonly id: string
  /** Whether the user is away from the keyboard. */
  readonly 'afk?': boolean
  /** Whether a program plays. */
  readonly 'bot?': boolean
  /** Whether a connection of the user is open. */
  readonly 'connected?': boolean
  /** Whether the user is in a game. */
  readonly 'in_game?': boolean
  /** Whether the user is the host of the lobby. */
  readonly 'lobby_host?': boolean
  /** Whether the user plays, rather than watches. */
  readonly 'player?': boolean
  /** Whether the user is ready to start. */
  readonly 'ready?': boolean
  /** When the last connection of the user closed; null while one is open. */
  readonly last_disconnected: string | null
  /** The id of the lobby; null outside one. */
  readonly lobby_id: string | null
  /** The id of the party; null outside one. */
  readonly party_id: string | null
  /** The colour of the player; null outside a game. */
  readonly player_colour: string | null
  /** The number of the player; null outside a game. */
  readonly player_number: number | null
  /** Data that the client shares with others; null without any. */
  readonly sync: Readonly<Record<string, unknown>> | null
  /** The number of the team; null outside a game. */
  readonly team_number: number | null
  /** The number of changes so far. */
  readonly update_id: number
}

/** A session in a list. */
export interface AngenSession {
  /** The public handle of the session. */
  readonly id: string
  /** The name of the lifetime policy. */
  readonly profile: string
  /** The door at which the session was created. */
  readonly door: string
  /** The network address of the client; null if it is not known. */
  readonly address: string | null
  /** The client's own description of itself; null without one. */
  readonly user_agent: string | null
  /** The name that the owner gave the session; null without one. */
  readonly label: string | null
  /** When the session was created. */
  readonly created_at: string
  /** When the session was last used. */
  readonly last_used_at: string
  /** When the session expires unless it is used or renewed before. */
  readonly expires_at: string
  /** Whether it is the session of this connection. */
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
 * The parameters and the answer of each command, by name. Commands of an application are added by declaration merging.
 */
export interface AngenCommands {
  /** Verifies a password and returns a pair of codes. */
  'auth/get_token': Exchange<
    { name?: string; email?: string; id?: string; password: string; user_agent: string },
    { readonly token: AngenToken }
  >
  /** Authenticates the connection with an identifier code. */
  'auth/login': Exchange<
    { token: string; user_agent: string; 'bot?'?: boolean },
    { readonly user: AngenUser }
  >
  /** Exchanges a pair of codes for the next pair. */
  'auth/renew': Exchange<
    { identifier_code: string; renewal_code: string },
    { readonly token: AngenToken }
  >
  /** Registers a user. */
  'account/register': Exchange<
    { name: string; email: string; password: string },
    { readonly user: AngenUser }
  >
  /** Changes the password of the current user and ends its sessions. */
  'account/change_password': Exchange<{ current_password: string; new_password: string }, Success>
  /** Ends every session of the current user. */
  'account/revoke_tokens': Exchange<Empty, Success>
  /** Changes the name or the e-mail address of the current user. */
  'account/update': Exchange<{ password: string; name?: string; email?: string }, Success>
  /** Finds users by id, by name, or by both. */
  'account/user_query': Exchange<
    { filters: { id?: readonly string[]; name?: string }; limit?: number },
    { readonly users: readonly AngenUser[] }
  >
  /** Returns the current user and its client state. */
  'connections/whoami': Exchange<
    Empty,
    { readonly user: AngenUser; readonly client?: Partial<AngenClientState> }
  >
  /** Changes the client state of the current user. */
  'connections/update_client': Exchange<
    { 'afk?'?: boolean; 'in_game?'?: boolean; 'ready?'?: boolean; sync?: object },
    Success
  >
  /** Closes the connection. */
  'connections/disconnect': Exchange<Empty, Success>
  /** Sends a message to another user. */
  'communication/send_direct_message': Exchange<{ to_id: string; content: string }, Success>
  /** Returns the session of the connection. */
  'sessions/current': Exchange<
    Empty,
    {
      readonly session: Pick<AngenSession, 'id' | 'profile' | 'door' | 'expires_at'>
      readonly user: AngenUser
      readonly impersonator?: AngenUser
    }
  >
  /** Lists the sessions of the current user, newest first. */
  'sessions/list': Exchange<
    { limit?: number; after?: string },
    { readonly sessions: readonly AngenSession[]; readonly next?: string }
  >
  /** Ends one session of the current user. */
  'sessions/revoke': Exchange<{ id: string }, Success>
  /** Ends every session of the current user except the current one. */
  'sessions/revoke_others': Exchange<Empty, Success>
  /** Lists the open connections of the current user. */
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
  /** Returns an empty answer. */
  'system/ping': Exchange<Empty, Empty>
  /** Lists the nodes of the server. */
  'system/nodes': Exchange<Empty, { readonly nodes: readonly string[] }>
}

/** The messages that a server sends without a request, by name. Events of an application are added by declaration merging. */
export interface AngenPushes {
  /** The client state of a user changed. */
  'connections/client_updated': {
    readonly user_id: string
    readonly changes: Partial<AngenClientState>
    readonly reason: string
  }
  /** Another user sent a message to the current user. */
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
  /** A session has ended, with its id and the reason. */
  'sessions/ended': { readonly reason: string; readonly session_id?: string }
}

type Unknown = Readonly<Record<string, unknown>>

/** The parameters of a command; any object for a command that is not declared. */
export type CommandOf<Name extends string> = Name extends keyof AngenCommands
  ? AngenCommands[Name]['command']
  : object

/** The answer of a command. */
export type AnswerOf<Name extends string> = Name extends keyof AngenCommands
  ? AngenCommands[Name]['message']
  : Unknown

/** The content of a push. */
export type PushOf<Name extends string> = Name extends keyof AngenPushes
  ? AngenPushes[Name]
  : Unknown
