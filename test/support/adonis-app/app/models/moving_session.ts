import Session from '#models/session'
import { accessTokens, rememberMeTokens, SessionManager } from 'latchkey/adonis'

/** Sessions of an application that moves from the access tokens and remember-me tokens of `@adonisjs/auth`. */
export default class MovingSession extends Session {
  static table = 'sessions'
  static manager = new SessionManager(MovingSession, { accept: [accessTokens(), rememberMeTokens()] })
}
