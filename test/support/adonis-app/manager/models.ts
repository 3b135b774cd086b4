import type { Secret } from '@adonisjs/core/helpers'
import { BaseModel, belongsTo, column } from '@adonisjs/lucid/orm'
import type { BelongsTo } from '@adonisjs/lucid/types/relations'
import { DateTime } from 'luxon'
import { SessionManager } from 'latchkey/adonis'
import { User } from './setup.js'

/** The time of every manager of the tests. Moved by hand. */
export const clock = { now: Date.now() }
const now = () => clock.now

export class Session extends BaseModel {
  static table = 'sessions'

  static manager = new SessionManager(Session, { now })

  @column({ isPrimary: true })
  declare id: number

  @column()
  declare hash: string

  @column()
  declare userId: number

  @belongsTo(() => User)
  declare user: BelongsTo<typeof User>

  @column.dateTime({ autoCreate: true })
  declare createdAt: DateTime

  @column.dateTime({ autoCreate: true, autoUpdate: true })
  declare updatedAt: DateTime

  @column.dateTime()
  declare expiresAt: DateTime | null

  @column.dateTime()
  declare usedAt: DateTime | null

  declare value: Secret<string> | null
  declare secret: Secret<string> | null
}

export class UuidSession extends BaseModel {
  static table = 'uuid_sessions'
  static selfAssignPrimaryKey = true

  static manager = new SessionManager(UuidSession, { now, key: 'uuid', tokenPrefix: 'a+b_' })

  @column({ isPrimary: true })
  declare id: string

  @column()
  declare hash: string

  @column()
  declare ownerId: number

  @column.dateTime({ autoCreate: true })
  declare createdAt: DateTime

  @column.dateTime({ autoCreate: true, autoUpdate: true })
  declare updatedAt: DateTime

  @column.dateTime()
  declare expiresAt: DateTime | null

  @column.dateTime()
  declare usedAt: DateTime | null

  declare value: Secret<string> | null
  declare secret: Secret<string> | null
}

export class BigSession extends BaseModel {
  static table = 'big_sessions'

  static manager = new SessionManager(BigSession, { now, key: 'bigint' })

  @column({ isPrimary: true })
  declare id: bigint | number | string

  @column()
  declare hash: string

  @column()
  declare ownerId: number

  @column.dateTime({ autoCreate: true })
  declare createdAt: DateTime

  @column.dateTime({ autoCreate: true, autoUpdate: true })
  declare updatedAt: DateTime

  @column.dateTime()
  declare expiresAt: DateTime | null

  @column.dateTime()
  declare usedAt: DateTime | null

  declare value: Secret<string> | null
  declare secret: Secret<string> | null
}

/** The token of a new session. */
export function tokenOf(session: { value: Secret<string> | null }): string {
  const text = session.value?.release()
  if (text === undefined) throw new Error('the session has no token')
  return text
}
