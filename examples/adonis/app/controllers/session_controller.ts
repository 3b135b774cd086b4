import User from '#models/user'
import Session from '#models/session'
import hash from '@adonisjs/core/services/hash'
import type { HttpContext } from '@adonisjs/core/http'

export default class SessionController {
  async register({ request, response }: HttpContext) {
    const { email, password } = request.only(['email', 'password'])
    const user = await User.create({ email, password: await hash.make(password) })
    return response.created({ id: user.id })
  }

  async login({ request, response }: HttpContext) {
    const { email, password, expiresIn } = request.only(['email', 'password', 'expiresIn'])
    const user = await User.findBy('email', email)
    if (!user || !(await hash.verify(user.password, password))) {
      return response.badRequest({ errors: [{ message: 'Invalid credentials' }] })
    }
    const session = await Session.manager.create(user, { expiresIn: expiresIn ?? '1h' })
    return { token: session.value?.release(), session: session.serialize() }
  }

  async me({ auth }: HttpContext) {
    await auth.session.load('user')
    return { user: auth.session.user.serialize(), session: auth.session.serialize() }
  }

  /** Also answers requests without a session, which the middleware lets pass. */
  async greeting({ auth }: HttpContext) {
    return { userId: auth?.session.userId ?? null }
  }

  /** Without the middleware: the manager's own refusal is rendered by the exception handler. */
  async list(ctx: HttpContext) {
    const session = await Session.manager.authenticate(ctx)
    await session.load('user')
    return { sessions: await Session.manager.list(session.user) }
  }

  async logout({ auth, response }: HttpContext) {
    await auth.session.delete()
    return response.noContent()
  }
}
