export { ROUTES } from '../doors/http/routes.ts'
