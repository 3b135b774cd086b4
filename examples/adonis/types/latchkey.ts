import type Session from '#models/session'
import type { SessionEvents } from 'latchkey/adonis'

declare module '@adonisjs/core/http' {
  interface HttpContext {
    auth: { session: Session }
  }
}

declare module '@adonisjs/core/types' {
  interface EventsList extends SessionEvents {}
}
