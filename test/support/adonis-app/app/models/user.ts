import { DbAccessTokensProvider } from '@adonisjs/auth/access_tokens'
import { DbRememberMeTokensProvider } from '@adonisjs/auth/session'
import { BaseModel, column } from '@adonisjs/lucid/orm'

export default class User extends BaseModel {
  static accessTokens = DbAccessTokensProvider.forModel(User)
  static rememberMeTokens = DbRememberMeTokensProvider.forModel(User)

  @column({ isPrimary: true })
  declare id: number

  @column()
  declare email: string
}
