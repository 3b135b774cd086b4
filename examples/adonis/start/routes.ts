import router from '@adonisjs/core/services/router'
import { middleware } from '#start/kernel'

const SessionController = () => import('#controllers/session_controller')

router.post('/users', [SessionController, 'register'])
router.post('/login', [SessionController, 'login'])
router.get('/me', [SessionController, 'me']).use(middleware.auth())
router.get('/greeting', [SessionController, 'greeting']).use(middleware.auth({ bypass: true }))
router.get('/sessions', [SessionController, 'list'])
router.delete('/session', [SessionController, 'logout']).use(middleware.auth())
