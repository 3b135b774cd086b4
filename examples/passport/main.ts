// Passport 0.7 with passport-local over the sessions of Latchkey, in place of express-session.
import { createApp } from './app.ts'

const { app } = await createApp()
const server = app.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1', () => {
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : address
  console.log(`http://localhost:${port}: POST /login {"username": "ada", "password": "ada-secret"}`)
})
